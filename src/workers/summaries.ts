// The internal queue `summaries`: renew one user's summary from the last delivered exchanges.
import { z } from 'zod';
import { summarise } from '../memory/summarise.ts';
import { Ignored, type Consumer } from './consumers.ts';
import { SUMMARIES } from './queues.ts';
import type { TopicDeps } from './event-consumer.ts';

/** Summaries are never urgent: they must not crowd out replies at the model. */
const CONCURRENCY = 16;
const shape = z.object({ user_id: z.string() });

export const summaries = (deps: TopicDeps): Consumer => ({
  queue: SUMMARIES,
  concurrency: CONCURRENCY,
  async handle(payload) {
    const parsed = shape.safeParse(payload);
    if (!parsed.success) throw new Ignored(SUMMARIES);
    await summarise(deps, parsed.data.user_id);
  },
});
