// The terminal program: one command, one exit code.
import { Api } from './api.ts';
import { asksFor, helpText, parseCommandLine } from './command-line.ts';
import { chat } from './chat.ts';
import type { Command } from './command.ts';
import { listDeadLetters, replayDeadLetter } from './dead-letters.ts';
import { decideReview, listReviews, showReview } from './reviews.ts';
import { turn } from './turn.ts';
import { eraseUser, exportUser } from './users.ts';
import { EXIT_CODES, type Ending } from './exit-codes.ts';
import { Failure, UsageFailure } from './failure.ts';
import { Output } from './output.ts';
import { readSettings } from '../config/terminal.ts';

/** Dispatch, checks and help come from this table. */
const COMMANDS: readonly Command[] = [
  chat,
  turn,
  listReviews,
  showReview,
  decideReview,
  exportUser,
  eraseUser,
  listDeadLetters,
  replayDeadLetter,
];

const PATIENCE_S = '30';

/** The address without what its paths begin with. @throws UsageFailure */
function addressOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.search || parsed.hash)
    throw new UsageFailure(['--url (TURNKEEPER_URL) must be an address like http://127.0.0.1:8080']);
  return url.replace(/\/+$/, '');
}

async function run(argv: readonly string[], output: Output): Promise<Ending> {
  const { command, args, options } = parseCommandLine(argv, COMMANDS);
  if (options.help || !command) {
    output.line(helpText(command, COMMANDS));
    return 'ok';
  }
  const settings = readSettings();
  const api = new Api({
    url: addressOf(options.url ?? settings.url),
    key: options.key ?? settings.key,
    patienceS: Number(options.patience ?? PATIENCE_S),
    onWait: (why) => output.note(why),
  });
  return command.run({ api, output, options }, args);
}

// Whoever reads us has seen enough (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT_CODES.ok.code);
});

const argv = process.argv.slice(2);
const output = new Output(asksFor(argv, 'json'));
let ending: Ending;
try {
  ending = await run(argv, output);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  output.failure(error);
  if (error instanceof UsageFailure) output.note('turnkeeper --help tells more.');
  ending = error.ending;
}
process.exitCode = EXIT_CODES[ending].code;
