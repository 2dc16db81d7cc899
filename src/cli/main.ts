// The terminal program. It runs one command and sets the exit code.
import { Api } from './api.ts';
import { hasOption, helpText, parseCommandLine } from './command-line.ts';
import { chat } from './chat.ts';
import type { Command } from './command.ts';
import { listDeadLetters, replayDeadLetter } from './dead-letters.ts';
import { decideReview, listReviews, showReview } from './reviews.ts';
import { retryTurn, turn } from './turn.ts';
import { eraseUser, exportUser } from './users.ts';
import { EXIT_CODES, type ExitReason } from './exit-codes.ts';
import { Failure, UsageFailure } from './failure.ts';
import { Output } from './output.ts';
import { readSettings } from '../config/terminal.ts';

/** All commands. Dispatch, checks and help use this table. */
const COMMANDS: readonly Command[] = [
  chat,
  turn,
  retryTurn,
  listReviews,
  showReview,
  decideReview,
  exportUser,
  eraseUser,
  listDeadLetters,
  replayDeadLetter,
];

const DEFAULT_PATIENCE_S = '30';

/** The base URL without trailing slashes. @throws UsageFailure */
function addressOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.search || parsed.hash)
    throw new UsageFailure(['--url (TURNKEEPER_URL) must be a URL like http://127.0.0.1:8080']);
  return url.replace(/\/+$/, '');
}

async function run(argv: readonly string[], output: Output): Promise<ExitReason> {
  const { command, args, options } = parseCommandLine(argv, COMMANDS);
  if (options.help || !command) {
    output.line(helpText(command, COMMANDS));
    return 'ok';
  }
  const settings = readSettings();
  const api = new Api({
    url: addressOf(options.url ?? settings.url),
    key: options.key ?? settings.key,
    patienceS: Number(options.patience ?? DEFAULT_PATIENCE_S),
    onWait: (why) => output.note(why),
  });
  return command.run({ api, output, options }, args);
}

// The reader of stdout has closed the pipe, for example `| head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT_CODES.ok.code);
});

const argv = process.argv.slice(2);
const output = new Output(hasOption(argv, 'json'));
let exitReason: ExitReason;
try {
  exitReason = await run(argv, output);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  output.failure(error);
  if (error instanceof UsageFailure) output.note('See turnkeeper --help.');
  exitReason = error.exitReason;
}
process.exitCode = EXIT_CODES[exitReason].code;
