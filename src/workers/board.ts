// The queue board: every job of every topic, to be looked at. It changes nothing: what failed is replayed over the API,
// which knows what may be.
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { KoaAdapter } from '@bull-board/koa';
import type { Queues } from './queues.ts';

/** The board as middleware that answers below `path`. */
export function queueBoard(queues: Queues, path: string): ReturnType<KoaAdapter['registerPlugin']> {
  const serverAdapter = new KoaAdapter().setBasePath(path);
  createBullBoard({
    queues: queues.names.map((name) => new BullMQAdapter(queues.get(name), { readOnlyMode: true })),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'turnkeeper topics' } },
  });
  return serverAdapter.registerPlugin();
}
