// turnkeeper dead-letters: lists and replays jobs that failed for good.
import type { DeadLetter } from '../../web/src/api/types.ts';
import { wholeNumberFault, type Command } from './command.ts';
import { excerpt, plain } from './output.ts';
import { readPages } from './pages.ts';

export const listDeadLetters: Command = {
  words: 'dead-letters list',
  args: [],
  options: ['topic', 'limit'],
  description: 'Lists jobs that failed for good.',
  faults: (_args, options) => wholeNumberFault(options, 'limit', 1, 10_000),
  async run({ api, output, options }) {
    const limit = Number(options.limit ?? '50');
    const page = await readPages<DeadLetter>(api, '/admin/dead-letters', { topic: options.topic }, limit);
    if (output.json) output.document(page);
    else {
      for (const letter of page.items) {
        output.line(output.style('bold', plain(`${letter.topic} ${letter.job_id}`)));
        output.line(plain(`  ${letter.user_id ?? '-'}  failed ${letter.failed_at} after ${letter.attempts} attempts`));
        output.line(`  ${output.style('red', excerpt(letter.reason, 200))}`);
      }
      if (page.items.length === 0) output.note('No dead letters.');
      if (page.next_cursor !== null) output.note('More results are available. Use --limit N.');
    }
    return 'ok';
  },
};

export const replayDeadLetter: Command = {
  words: 'dead-letters replay',
  args: ['<topic>', '<job-id>'],
  options: [],
  description: 'Queues a dead letter again.',
  async run({ api, output }, [topic, jobId]) {
    const path = `/admin/dead-letters/${encodeURIComponent(topic!)}/${encodeURIComponent(jobId!)}/replay`;
    await api.json(path, { method: 'POST' });
    if (output.json) output.document({ topic, job_id: jobId, replayed: true });
    else output.line(`${topic} ${jobId} is queued again.`);
    return 'ok';
  },
};
