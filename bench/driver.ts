// The clients of the benchmark, in their own process: a closed loop of turns through turnkeeper's public API. Every
// response is checked. The process receives one Load message at a time and sends a LoadResult for each.
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';

export interface Load {
  readonly url: string;
  readonly clients: number;
  readonly seconds: number;
  /** Users are `<prefix>-0` … Each load has its own prefix, so that turns are numbered from 1. */
  readonly prefix: string;
  readonly users: number;
  readonly seed: number;
}

export interface LoadResult {
  readonly turns: number;
  readonly seconds: number;
  readonly acceptMs: readonly number[];
  readonly replyMs: readonly number[];
  /** Errors. Empty: every turn got the right reply, and the turns of each user are numbered 1 … n. */
  readonly faults: readonly string[];
}

interface Turn {
  readonly turn_id: string;
  readonly seq: number;
  readonly status: string;
  readonly reply: string | null;
}

const FAULTS_KEPT = 10;
const WAIT_S = 60;
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** Sends a request. Without fetch, whose own CPU cost would dominate the measurement. */
function call(method: string, url: string, status: number, body?: string): Promise<Turn> {
  return new Promise((resolve, reject) => {
    const headers =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { agent, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.once('error', reject).once('end', () => {
        if (response.statusCode === status) resolve(JSON.parse(text) as Turn);
        else reject(new Error(`${method} ${new URL(url).pathname}: ${response.statusCode} ${text.slice(0, 200)}`));
      });
    });
    sent.once('error', reject).end(body);
  });
}

/** The Mulberry32 generator. It is seeded, so that every run has the same order of users. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Each user has one session, so that prompts contain a history. */
const sessionOf = (user: string): string =>
  createHash('md5')
    .update(user)
    .digest('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5');

async function run({ url, clients, seconds, prefix, users, seed }: Load): Promise<LoadResult> {
  const draw = random(seed);
  const [acceptMs, replyMs, faults]: [number[], number[], string[]] = [[], [], []];
  const seqs = new Map<string, number[]>();
  let next = 0;
  const oneTurn = async (): Promise<void> => {
    const user = `${prefix}-${Math.floor(draw() * users)}`;
    const text = `message ${next++} of ${user}`;
    const sent = performance.now();
    const { turn_id: id, seq } = await call(
      'POST',
      `${url}/chat`,
      202,
      JSON.stringify({ user_id: user, text, metadata: { session_id: sessionOf(user) } }),
    );
    acceptMs.push(performance.now() - sent);
    let turn: Turn;
    do turn = await call('GET', `${url}/turns/${id}?wait=${WAIT_S}`, 200);
    while (turn.status === 'queued' || turn.status === 'running');
    replyMs.push(performance.now() - sent);
    seqs.set(user, [...(seqs.get(user) ?? []), seq]);
    if (turn.status !== 'completed' || turn.reply !== `echo: ${text}`)
      faults.push(`${id}: ${turn.status}, ${turn.reply} for ${text}`);
  };
  const began = performance.now();
  // A client stops at its first error. Otherwise it would send countless requests to a server that has ended.
  const client = async () => {
    try {
      while (performance.now() - began < seconds * 1000) await oneTurn();
    } catch (error) {
      faults.push((error as Error).message);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const took = (performance.now() - began) / 1000;
  for (const [user, given] of seqs) {
    const wrong = given.toSorted((a, b) => a - b).findIndex((seq, index) => seq !== index + 1);
    if (wrong >= 0) faults.push(`${user}: the turns are not numbered 1 … ${given.length}`);
  }
  const kept =
    faults.length > FAULTS_KEPT ? [...faults.slice(0, FAULTS_KEPT), `and ${faults.length - FAULTS_KEPT} more`] : faults;
  return { turns: replyMs.length, seconds: took, acceptMs, replyMs, faults: kept };
}

process.on('message', (load) => void run(load as Load).then((result) => process.send!(result)));
process.once('disconnect', () => process.exit());
process.send!({ ready: 'driver' });
