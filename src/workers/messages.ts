// Topic `messages`: count each delivered turn once. Bursts are counted together.
import { countTurns } from '../store/analytics.ts';
import { messageSent } from '../turns/events.ts';
import type { Consumer } from './consumers.ts';
import { eventConsumer, type TopicDeps } from './event-consumer.ts';

const CONCURRENCY = 256;
const GATHER_MS = 20;

interface Batch {
  readonly turnIds: string[];
  readonly counted: Promise<void>;
}

export function messages(deps: TopicDeps): Consumer {
  let open: Batch | null = null;
  const gather = async (turnIds: string[]): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    open = null;
    await countTurns(deps.database, turnIds);
  };
  return eventConsumer(deps, 'messages', messageSent, CONCURRENCY, async ({ turn_id: turnId }) => {
    if (!open) {
      const turnIds: string[] = [];
      open = { turnIds, counted: gather(turnIds) };
    }
    open.turnIds.push(turnId);
    await open.counted;
  });
}
