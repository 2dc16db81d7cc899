// What one reader is told, whatever comes when: on a stream and a row in memory.
import test from 'ava';
import { compareGenerations, type DeltaFeed, type DeltaListener, type DeltaRecord } from '../../src/domain/delta.ts';
import { followTurn, type FollowedEvent } from '../../src/turns/follow-turn.ts';
import { DELTA_LIMITS, DeltaBuffer } from '../../src/turns/delta-buffer.ts';
import { START, positionOf, type StreamPosition } from '../../src/domain/stream-position.ts';
import type { Turn } from '../../src/domain/turn.ts';

const QUEUED: Turn = {
  turnId: '3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a11',
  userId: 'ann',
  sessionId: '3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a12',
  seq: 1,
  status: 'queued',
  epoch: 0,
  text: 'Hi',
  reply: null,
  partialReply: null,
  metadata: {},
  tags: [],
  review: null,
  error: null,
  attempts: 0,
  usage: null,
  model: null,
  createdAt: new Date(0),
  startedAt: null,
  finishedAt: null,
};

/** A turn, its stream, and who follows it. */
class Stage {
  turn = QUEUED;
  kept: DeltaRecord[] = [];
  reads = 0;
  readonly #listeners = new Set<DeltaListener>();
  readonly #changed = new Set<() => void>();
  readonly #feed: DeltaFeed = {
    listening: true,
    follow: (_turnId, listener) => {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    },
    read: async (_turnId, after) => {
      this.reads += 1;
      const behind = ({ start, text, ...generation }: DeltaRecord) =>
        compareGenerations(generation, after) || start + text.length - after.offset;
      return this.kept.filter((record) => behind(record) > 0).slice(0, 7);
    },
  };

  become(change: Partial<Turn>): void {
    this.turn = { ...this.turn, ...change };
    for (const changed of this.#changed) changed();
  }

  /** A piece that is kept, heard, or both. */
  write(record: DeltaRecord, { kept = true, heard = true } = {}): void {
    if (kept) this.kept.push(record);
    if (heard) for (const listener of this.#listeners) listener.record(record);
  }

  get followers(): number {
    return this.#listeners.size + this.#changed.size;
  }

  follow(from: StreamPosition = START, signal = new AbortController().signal, heartbeatMs = 60_000) {
    const hints = {
      listening: true,
      listenTo: (_turnId: string, changed: () => void) => {
        this.#changed.add(changed);
        return () => void this.#changed.delete(changed);
      },
    };
    return followTurn({ find: async () => this.turn, hints, deltas: this.#feed, heartbeatMs }, this.turn, from, signal);
  }
}

function textOf(events: readonly FollowedEvent[]): string {
  let text = '';
  for (const event of events) {
    if (event.type === 'delta') text += event.text;
    else if (event.type === 'turn' && event.turn.status === 'running') text = '';
  }
  return text;
}

const REPLY = Array.from({ length: 5_000 }, (_, number) => `${number} `).join('');
const COMPLETED = { status: 'completed', reply: REPLY } as const;

/** The reply in pieces of one to thirty characters. */
function* piecesOf(text: string, epoch: number, attempt: number): Generator<DeltaRecord> {
  yield { epoch, attempt, start: 0, text: '' };
  for (let start = 0; start < text.length;) {
    const piece = text.slice(start, start + 1 + Math.floor(Math.random() * 30));
    yield { epoch, attempt, start, text: piece };
    start += piece.length;
  }
}

test('whatever is lost, heard twice or comes late, the text since it began is the reply, from any event on', async (t) => {
  for (let round = 0; round < 40; round += 1) {
    const stage = new Stage();
    const events: FollowedEvent[] = [];
    const reading = (async () => {
      for await (const event of stage.follow()) events.push(event);
    })();
    const chance = (of: number) => Math.random() < of;
    const tick = async () => chance(0.02) && new Promise((resolve) => setImmediate(resolve));
    const loss = round % 4 === 0 ? 0.3 : 0;
    const generations: readonly [number, number][] = [
      [1, 1],
      [1, 2],
      [2, 2],
      [2, 3],
    ];
    let late: DeltaRecord[] = [];
    for (const [epoch, attempt] of generations.slice(Math.floor(Math.random() * 4))) {
      if (stage.turn.epoch < epoch) stage.become({ status: 'running', epoch, attempts: attempt });
      const last = epoch === 2 && attempt === 3;
      const pieces = [...piecesOf(last ? REPLY : 'void '.repeat(200), epoch, attempt)];
      for (const piece of pieces) {
        stage.write(piece, { kept: !chance(loss), heard: !chance(0.1) });
        // A worker that was taken over is heard, but Redis keeps nothing of it.
        for (const old of chance(0.1) ? late.splice(0, 1) : []) stage.write(old, { kept: false });
        await tick();
      }
      late = pieces;
    }
    stage.become({ ...COMPLETED, attempts: 3 });
    await reading;
    t.is(textOf(events), REPLY);
    t.is(stage.followers, 0);
    if (round % 2) stage.kept = [];
    for (let from = 0; from < events.length; from += 1 + Math.floor(events.length / 20)) {
      const cut = events[from]!;
      if (cut.type === 'heartbeat') continue;
      const rest = events.slice(0, from + 1);
      for await (const event of stage.follow(positionOf(cut.id, stage.turn))) rest.push(event);
      const isLast = from === events.length - 1;
      if (!isLast) t.is(textOf(rest), REPLY, cut.id);
    }
  }
});

test('a reader who does not take what comes holds little, and takes all of it later', async (t) => {
  const stage = new Stage();
  stage.become({ status: 'running', epoch: 1, attempts: 1 });
  const events = stage.follow();
  const taken: FollowedEvent[] = [(await events.next()).value as FollowedEvent];
  for (const piece of piecesOf(REPLY, 1, 1)) stage.write(piece);
  t.is(stage.reads, 0);
  stage.become(COMPLETED);
  for await (const event of events) taken.push(event);
  t.is(textOf(taken), REPLY);
});

test('what was heard and not taken is bounded, in pieces and in characters', (t) => {
  for (const text of ['a', 'a'.repeat(DELTA_LIMITS.characters / 4)]) {
    const heard = new DeltaBuffer(DELTA_LIMITS, () => {});
    t.is(heard.next(), 'missed', 'what was written before is read first');
    for (let start = 0; start < 1_000; start += 1) heard.record({ epoch: 1, attempt: 1, start, text });
    t.is(heard.next(), 'missed');
    t.is(heard.next(), null);
  }
});

test('pieces that are lost for good do not make the reader read again and again', async (t) => {
  const stage = new Stage();
  stage.become({ status: 'running', epoch: 1, attempts: 1 });
  const events: FollowedEvent[] = [];
  const reading = (async () => {
    for await (const event of stage.follow()) events.push(event);
  })();
  const pieces = [...piecesOf(REPLY, 1, 1)];
  for (const [index, piece] of pieces.entries()) {
    const lost = index === 10;
    stage.write(piece, { kept: !lost, heard: !lost });
    await new Promise((resolve) => setImmediate(resolve));
  }
  stage.become(COMPLETED);
  await reading;
  t.is(textOf(events), REPLY);
  t.true(stage.reads < 10, `${stage.reads} reads`);
});

test('while nothing happens there are heartbeats; an abort ends it', async (t) => {
  const stage = new Stage();
  const controller = new AbortController();
  const events = stage.follow(START, controller.signal, 20);
  t.like((await events.next()).value, { type: 'turn' });
  t.like((await events.next()).value, { type: 'heartbeat' });
  t.like((await events.next()).value, { type: 'heartbeat' });
  const last = events.next();
  controller.abort();
  t.true((await last).done);
  t.is(stage.followers, 0);
});

test('an id of another life begins anew', (t) => {
  const running = { ...QUEUED, status: 'running', epoch: 2, attempts: 2 } as const;
  for (const id of [undefined, '', 'nope', '1-0', '9.1.1.1', '1.3.3.0', '3.2.2.10', '2.2.2.0', '1.2.2.-1', '1.2.2.1x'])
    t.is(positionOf(id, running), START, String(id));
  t.deepEqual(positionOf('1.2.2.17', running), { stage: 1, epoch: 2, attempt: 2, offset: 17 });
});
