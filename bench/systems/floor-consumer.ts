// The floor's consumer: reads turns from the stream, calls the model and writes both rows in one statement. The summary
// of a user is `<turns so far>|<last message>`; its counter becomes the seq of the rows, so that a lost update shows.
import { Redis } from 'ioredis';
import pg from 'pg';
import type { FloorTurn } from './floor-app.ts';
import { call } from '../clients/http.ts';

const BATCH = 256;
const EXCHANGES = 5;
const REPLY_KEPT_S = 600;
const HISTORY = 'select role, content from conversation where user_id = $1 order by id desc limit 10';
const COMMIT = `insert into conversation (user_id, turn_id, seq, role, content)
  values ($1, $2, $3, 'user', $4), ($1, $2, $3, 'assistant', $5) on conflict do nothing`;

const redis = new Redis(process.env['BENCH_REDIS_URL']!);
const reader = redis.duplicate();
/** A plan that was made while the table is small would scan all of it, and would be kept. */
const options = '-c enable_seqscan=off';
const pool = new pg.Pool({ connectionString: process.env['BENCH_DATABASE_URL'], max: 20, options });
/** The promise of each user's latest turn. */
const tails = new Map<string, Promise<unknown>>();

interface Message {
  readonly role: string;
  readonly content: string;
}

async function replyTo({ user, text }: FloorTurn, summary: string, turnsSoFar: number): Promise<string> {
  const { rows } = await pool.query<Message>({ name: 'history', text: HISTORY, values: [user] });
  const expected = Math.min(EXCHANGES, turnsSoFar) * 2;
  if (rows.length !== expected) throw new Error(`the history of ${user} has ${rows.length} rows, not ${expected}`);
  const system = { role: 'system', content: `Summary: ${summary}` };
  const messages = [system, ...rows.toReversed(), { role: 'user', content: text }];
  const url = `${process.env['BENCH_MODEL_URL']!}/chat/completions`;
  const answer = await call<{ choices: readonly { readonly message: Message }[] }>('POST', url, 200, {
    model: 'bench',
    messages,
  });
  return answer.choices[0]!.message.content;
}

async function work(id: string, turn: FloorTurn): Promise<void> {
  const { turnId, user, text } = turn;
  const summary = (await redis.get(`summary:${user}`)) ?? '0|';
  const turnsSoFar = Number(summary.split('|')[0]);
  const reply = await replyTo(turn, summary, turnsSoFar);
  await pool.query({ name: 'commit', text: COMMIT, values: [user, turnId, turnsSoFar + 1, text, reply] });
  await redis
    .pipeline()
    .set(`summary:${user}`, `${turnsSoFar + 1}|${text}`)
    .set(`reply:${turnId}`, reply, 'EX', REPLY_KEPT_S)
    .xack('turns', 'floor', id)
    .xdel('turns', id)
    .publish('done', JSON.stringify({ turnId, reply }))
    .exec();
}

type Batch = readonly [stream: string, entries: readonly [id: string, fields: readonly string[]][]][] | null;

async function consume(): Promise<never> {
  for (;;) {
    const read = reader.xreadgroup('GROUP', 'floor', 'one', 'COUNT', BATCH, 'BLOCK', 0, 'STREAMS', 'turns', '>');
    for (const [id, [, json]] of ((await read) as Batch)?.[0]?.[1] ?? []) {
      const turn = JSON.parse(json!) as FloorTurn;
      const before = tails.get(turn.user) ?? Promise.resolve();
      const tail = before.then(() => work(id, turn)).catch(console.error);
      tails.set(turn.user, tail);
      void tail.then(() => tails.get(turn.user) === tail && tails.delete(turn.user));
    }
  }
}

await redis.xgroup('CREATE', 'turns', 'floor', '$', 'MKSTREAM');
process.once('disconnect', () => process.exit());
process.send!({ ready: 'floor' });
await consume();
