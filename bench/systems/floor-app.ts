// The floor's HTTP server: accepts a turn when Redis has flushed it, and pushes replies to the clients that wait.
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import pg from 'pg';
import { serve, type Received, type Reply } from '../clients/http.ts';

export interface FloorTurn {
  readonly turnId: string;
  readonly user: string;
  readonly text: string;
}

const redis = new Redis(process.env['BENCH_REDIS_URL']!);
const subscriber = redis.duplicate();
const pool = new pg.Pool({ connectionString: process.env['BENCH_DATABASE_URL'], max: 2 });
const waiting = new Map<string, (reply: string) => void>();

await subscriber.subscribe('done');
subscriber.on('message', (_, message) => {
  const { turnId, reply } = JSON.parse(message) as { turnId: string; reply: string };
  waiting.get(turnId)?.(reply);
});

/** Waits first and then reads, so that no reply is missed. */
async function replyOf(turnId: string): Promise<string> {
  const pushed = new Promise<string>((resolve) => waiting.set(turnId, resolve));
  const found = await redis.get(`reply:${turnId}`);
  const reply = found ?? (await pushed);
  waiting.delete(turnId);
  return reply;
}

async function rowsOf(user: string): Promise<Reply> {
  const text = 'select turn_id, role, content from conversation where user_id = $1 order by id';
  const { rows } = await pool.query<object>({ name: 'rows', text, values: [user] });
  return { status: 200, body: { items: rows, next_cursor: null } };
}

async function answer({ method, path, body, headers }: Received): Promise<Reply> {
  if (method === 'POST') {
    const { user_id: user, text } = body as { user_id: string; text: string };
    const turn: FloorTurn = { turnId: String(headers['idempotency-key'] ?? randomUUID()), user, text };
    await redis.xadd('turns', '*', 'turn', JSON.stringify(turn));
    return { status: 202, body: { turn_id: turn.turnId } };
  }
  const [, kind, id] = path.split(/[/?]/);
  if (kind === 'users') return rowsOf(id!);
  return { status: 200, body: { turn_id: id, status: 'completed', reply: await replyOf(id!) } };
}

const { url } = await serve(answer);
process.once('disconnect', () => process.exit());
process.send!({ ready: url });
