// The events that one reader receives if records are lost, repeated or late. The stream and the row are in memory.
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
  follows: null,
  assistant: null,
  text: 'Hi',
  reply: null,
  partialReply: null,
  finishReason: null,
  metadata: {},
  tags: [],
  review: null,
  steps: [],
  error: null,
  attempts: 0,
  usage: null,
  model: null,
  clientCalls: [],
  clientHash: null,
  createdAt: new Date(0),
  startedAt: null,
  finishedAt: null,
};

/** A turn, its stream of deltas, and its readers. */
class FakeTurn {
  turn = QUEUED;
  stored: DeltaRecord[] = [];
  reads = 0;
  readonly #listeners = new Set<DeltaListener>();
  readonly #changed = new Set<(change: 'changed') => void>();
  readonly #feed: DeltaFeed = {
    listening: true,
    follow: (_turnId, listener) => {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    },
    read: async (_turnId, after) => {
      this.reads += 1;
      const charactersAfter = ({ start, text, ...generation }: DeltaRecord) =>
        compareGenerations(generation, after) || start + text.length - after.offset;
      return this.stored.filter((record) => charactersAfter(record) > 0).slice(0, 7);
    },
  };

  update(change: Partial<Turn>): void {
    this.turn = { ...this.turn, ...change };
    for (const changed of this.#changed) changed('changed');
  }

  /** Writes a record that is stored, sent to the readers, or both. */
  write(record: DeltaRecord, { stored = true, sent = true } = {}): void {
    if (stored) this.stored.push(record);
    if (sent) for (const listener of this.#listeners) listener.record(record);
  }

  get followers(): number {
    return this.#listeners.size + this.#changed.size;
  }

  follow(from: StreamPosition = START, signal = new AbortController().signal, heartbeatMs = 60_000) {
    const hints = {
      listening: true,
      recent: () => null,
      listenTo: (_turnId: string, changed: (change: 'changed') => void) => {
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

/** The reply as records of 1 to 30 characters each. */
function* recordsOf(text: string, epoch: number, attempt: number): Generator<DeltaRecord> {
  yield { epoch, attempt, start: 0, text: '' };
  for (let start = 0; start < text.length;) {
    const part = text.slice(start, start + 1 + Math.floor(Math.random() * 30));
    yield { epoch, attempt, start, text: part };
    start += part.length;
  }
}

test('a reader receives the whole reply from any event on, despite lost, repeated and late records', async (t) => {
  for (let round = 0; round < 40; round += 1) {
    const fake = new FakeTurn();
    const events: FollowedEvent[] = [];
    const following = (async () => {
      for await (const event of fake.follow()) events.push(event);
    })();
    const happens = (probability: number) => Math.random() < probability;
    const tick = async () => happens(0.02) && new Promise((resolve) => setImmediate(resolve));
    const loss = round % 4 === 0 ? 0.3 : 0;
    const generations: readonly [number, number][] = [
      [1, 1],
      [1, 2],
      [2, 2],
      [2, 3],
    ];
    let late: DeltaRecord[] = [];
    for (const [epoch, attempt] of generations.slice(Math.floor(Math.random() * 4))) {
      if (fake.turn.epoch < epoch) fake.update({ status: 'running', epoch, attempts: attempt });
      const last = epoch === 2 && attempt === 3;
      const records = [...recordsOf(last ? REPLY : 'discarded '.repeat(100), epoch, attempt)];
      for (const record of records) {
        fake.write(record, { stored: !happens(loss), sent: !happens(0.1) });
        // A worker that lost its claim still sends records, but Redis does not store them.
        for (const old of happens(0.1) ? late.splice(0, 1) : []) fake.write(old, { stored: false });
        await tick();
      }
      late = records;
    }
    fake.update({ ...COMPLETED, attempts: 3 });
    await following;
    t.is(textOf(events), REPLY);
    t.is(fake.followers, 0);
    if (round % 2) fake.stored = [];
    for (let from = 0; from < events.length; from += 1 + Math.floor(events.length / 20)) {
      const cut = events[from]!;
      if (cut.type === 'heartbeat') continue;
      const rest = events.slice(0, from + 1);
      for await (const event of fake.follow(positionOf(cut.id, fake.turn))) rest.push(event);
      const isLast = from === events.length - 1;
      if (!isLast) t.is(textOf(rest), REPLY, cut.id);
    }
  }
});

test('a slow reader buffers little and receives the whole reply later', async (t) => {
  const fake = new FakeTurn();
  fake.update({ status: 'running', epoch: 1, attempts: 1 });
  const events = fake.follow();
  const received: FollowedEvent[] = [(await events.next()).value as FollowedEvent];
  for (const record of recordsOf(REPLY, 1, 1)) fake.write(record);
  t.is(fake.reads, 0);
  fake.update(COMPLETED);
  for await (const event of events) received.push(event);
  t.is(textOf(received), REPLY);
});

test('the buffer of a reader is limited in records and in characters', (t) => {
  for (const text of ['a', 'a'.repeat(DELTA_LIMITS.characters / 4)]) {
    const buffer = new DeltaBuffer(DELTA_LIMITS, () => {});
    t.is(buffer.next(), 'missed', 'the stored records are read first');
    for (let start = 0; start < 1_000; start += 1) buffer.record({ epoch: 1, attempt: 1, start, text });
    t.is(buffer.next(), 'missed');
    t.is(buffer.next(), null);
  }
});

test('a record that is lost for good does not cause repeated reads', async (t) => {
  const fake = new FakeTurn();
  fake.update({ status: 'running', epoch: 1, attempts: 1 });
  const events: FollowedEvent[] = [];
  const following = (async () => {
    for await (const event of fake.follow()) events.push(event);
  })();
  const records = [...recordsOf(REPLY, 1, 1)];
  for (const [index, record] of records.entries()) {
    const lost = index === 10;
    fake.write(record, { stored: !lost, sent: !lost });
    await new Promise((resolve) => setImmediate(resolve));
  }
  fake.update(COMPLETED);
  await following;
  t.is(textOf(events), REPLY);
  t.true(fake.reads < 10, `${fake.reads} reads`);
});

test('an idle stream sends heartbeats, and an abort ends the stream', async (t) => {
  const fake = new FakeTurn();
  const controller = new AbortController();
  const events = fake.follow(START, controller.signal, 20);
  t.like((await events.next()).value, { type: 'turn' });
  t.like((await events.next()).value, { type: 'heartbeat' });
  t.like((await events.next()).value, { type: 'heartbeat' });
  const last = events.next();
  controller.abort();
  t.true((await last).done);
  t.is(fake.followers, 0);
});

test('an unknown event id restarts the stream', (t) => {
  const running = { ...QUEUED, status: 'running', epoch: 2, attempts: 2 } as const;
  for (const id of [undefined, '', 'nope', '1-0', '9.1.1.1', '1.3.3.0', '3.2.2.10', '2.2.2.0', '1.2.2.-1', '1.2.2.1x'])
    t.is(positionOf(id, running), START, String(id));
  t.deepEqual(positionOf('1.2.2.17', running), { stage: 1, epoch: 2, attempt: 2, offset: 17, step: 0 });
});
