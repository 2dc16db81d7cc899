// What a client of the benchmark does: send one turn, wait for its reply, or follow its event stream.
import { createHash, randomUUID } from 'node:crypto';
import { call, send, type Answer } from './http.ts';
import type { SentTurn } from './load.ts';

const WAIT_S = 60;

interface Turn {
  readonly turn_id: string;
  readonly seq?: number;
  readonly status: string;
  readonly reply: string | null;
}

/** The Mulberry32 generator. It is seeded, so that every run has the same order of users. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The pattern and the replacement that make a UUID of an MD5 hash. seed.ts computes the same in SQL. */
export const UUID_OF_MD5 = ['^(.{8})(.{4}).(.{3}).(.{3})(.{12})$', ['', '-', '-4', '-8', '-']] as const;

/** Each user has one session, so that prompts contain a history. */
const sessionOf = (user: string): string => {
  const [, ...parts] = new RegExp(UUID_OF_MD5[0]).exec(createHash('md5').update(user).digest('hex'))!;
  return parts.map((part, index) => UUID_OF_MD5[1][index] + part).join('');
};

export interface Sent {
  readonly answer: Answer;
  /** Null: the turn was refused. */
  readonly turn: SentTurn | null;
}

/** Posts a message of the user. Rejects if the connection fails. */
export async function post(url: string, user: string, text: string): Promise<Sent> {
  const body = { user_id: user, text, metadata: { session_id: sessionOf(user) } };
  const sentAt = performance.now();
  const answer = await send('POST', `${url}/chat`, body, { 'idempotency-key': randomUUID() });
  const ackedAt = performance.now();
  if (answer.status !== 202) return { answer, turn: null };
  const { turn_id: turnId, seq = null } = JSON.parse(answer.text) as Turn;
  return { answer, turn: { turnId, seq, user, text, sentAt, ackedAt, doneAt: null } };
}

/** The fault of a reply; null: it is right. */
function faultOf({ turnId, text }: SentTurn, { status, reply }: Turn): string | null {
  return status === 'completed' && reply === `echo: ${text}` ? null : `${turnId}: ${status}, ${reply} for ${text}`;
}

/** Waits for the reply with long polls. Returns its fault; null: it is right. */
export async function wait(url: string, turn: SentTurn): Promise<string | null> {
  for (;;) {
    const now = await call<Turn>('GET', `${url}/turns/${turn.turnId}?wait=${WAIT_S}`, 200);
    if (now.status !== 'queued' && now.status !== 'running') return faultOf(turn, now);
  }
}

/** Reads the event stream of the turn to its end. Returns the fault of the deltas or of the final turn. */
export async function follow(url: string, turn: SentTurn): Promise<string | null> {
  const { status, text } = await send('GET', `${url}/turns/${turn.turnId}/events`);
  if (status !== 200) return `${turn.turnId}: the event stream has status ${status}`;
  let [reply, last]: [string, Turn | undefined] = ['', undefined];
  for (const [, type, data] of text.matchAll(/^event: (\w+)\n(?:id: .*\n)?data: (.*)$/gm)) {
    if (type === 'delta') reply += (JSON.parse(data!) as { text: string }).text;
    if (type !== 'turn') continue;
    last = JSON.parse(data!) as Turn;
    if (last.status === 'running') reply = '';
  }
  if (!last) return `${turn.turnId}: the event stream has no turn`;
  // A stream that was opened after the end has no deltas.
  return reply !== '' && reply !== last.reply
    ? `${turn.turnId}: the deltas are ${reply}, the reply is ${last.reply}`
    : faultOf(turn, last);
}
