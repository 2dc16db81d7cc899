// The checks of the fault campaign: each sees what it is for, and nothing in a faultless history.
import test from 'ava';
import { findingsOf } from '../../faults/checks/checks.ts';
import { repeatsOf } from '../../faults/checks/calls.ts';
import type { Evidence, TurnRow } from '../../faults/checks/evidence.ts';
import { KINDS } from '../../faults/injectors/kinds.ts';
import type { Loss } from '../../faults/injectors/kind.ts';
import type { Sent } from '../../faults/load/history.ts';
import { measure } from '../../faults/strikes.ts';
import { replyOf, type ModelCall } from '../../faults/system/model.ts';

const TEXTS = ['turn 1 of a', 'turn 2 of a', 'turn 3 of a urgent'] as const;
const sentAt = (index: number) => index * 1_000;

const call = (number: number, at: number, more: Partial<ModelCall> = {}): ModelCall => ({
  number,
  from: 'worker-1',
  port: 1,
  at,
  outcome: 'answered',
  endedAt: at + 100,
  ...more,
});

const sent = (index: number, more: Partial<Sent> = {}): Sent => ({
  index,
  user: 'a',
  text: TEXTS[index]!,
  key: `key-${index}`,
  sentAt: sentAt(index),
  acks: new Set([`turn-${index}`]),
  ackedAt: sentAt(index) + 10,
  seq: index + 1,
  doneAt: sentAt(index) + 300,
  status: 'completed',
  reply: replyOf(TEXTS[index]!, index + 1),
  cancel: null,
  wasAbandoned: false,
  ...more,
});

const row = (index: number, more: Partial<TurnRow> = {}): TurnRow => ({
  turn_id: `turn-${index}`,
  user_id: 'a',
  seq: index + 1,
  status: 'completed',
  epoch: 1,
  text: TEXTS[index]!,
  reply: replyOf(TEXTS[index]!, index + 1),
  error_code: null,
  idempotency_key: `key-${index}`,
  started_ms: sentAt(index) + 20,
  finished_ms: sentAt(index) + 200,
  ...more,
});

const messages = (index: number) => [
  { user_id: 'a', seq: index + 1, turn_id: `turn-${index}`, role: 'user', content: TEXTS[index]! },
  {
    user_id: 'a',
    seq: index + 1,
    turn_id: `turn-${index}`,
    role: 'assistant',
    content: replyOf(TEXTS[index]!, index + 1),
  },
];

/** Two turns, and a third one whose review was approved. Nothing is wrong with them. */
function faultless(): Evidence {
  const review = {
    review_id: 'review',
    turn_id: 'turn-2',
    status: 'approved',
    draft: replyOf(TEXTS[2], 3),
    decision: 'approve',
    reply: replyOf(TEXTS[2], 3),
    created_ms: sentAt(2) + 200,
  };
  const decision = { reviewId: 'review', turnId: 'turn-2', decision: 'approve', reply: null, at: 2_400, status: 200 };
  const usage = { files: { http: 40 }, mib: { http: 100 }, connections: 10, idleInTransaction: 0 };
  const events = [0, 1, 2].map((index) => ({ id: `event-${index}`, turn: `turn-${index}` }));
  return {
    history: { turns: [0, 1, 2].map((index) => sent(index)), decisions: [decision], refusals: [], wrong: [] },
    rows: {
      turns: [0, 1, 2].map((index) => row(index)),
      messages: [0, 1, 2].flatMap(messages),
      reviews: [review],
      deliveries: events.map(({ id, turn }) => ({
        delivery_id: id,
        turn_id: turn,
        event: 'turn.completed',
        status: 'delivered',
        attempts: 1,
      })),
    },
    calls: new Map(TEXTS.map((text, index) => [text, [call(index + 1, sentAt(index) + 50)]])),
    receiver: {
      receipts: new Map(events.map(({ id, turn }) => [id, { type: 'turn.completed', turnId: turn, count: 1 }])),
      contradictions: [],
    },
    losses: [],
    strikes: [],
    leftOver: [],
    summaries: new Map([['a', 3]]),
    counted: { completed: 3 },
    deadLetters: [],
    tail: { from: 5_000, until: 9_000, serviceS: 1, lastTurnS: 2, drainS: 1 },
    unexpectedExits: [],
    usage: { before: usage, after: usage },
  };
}

const kill: Loss = { from: 'worker-1', why: 'killed', at: 100, until: 100 };
const kind = KINDS.find(({ name }) => name === 'worker-killed')!;
const strike = { kind, at: 0, healedAt: 1_000, struck: 30, target: null, detail: '', together: false };

/** Evidence with another row, turn or list. */
const withRows =
  (change: Partial<Evidence['rows']>) =>
  (all: Evidence): Evidence => ({ ...all, rows: { ...all.rows, ...change } });
const withTurn =
  (index: number, more: Partial<TurnRow>) =>
  (all: Evidence): Evidence =>
    withRows({ turns: all.rows.turns.map((each, n) => (n === index ? { ...each, ...more } : each)) })(all);
const withSent =
  (index: number, more: Partial<Sent>) =>
  (all: Evidence): Evidence => ({
    ...all,
    history: { ...all.history, turns: all.history.turns.map((each, n) => (n === index ? { ...each, ...more } : each)) },
  });
const withCalls =
  (calls: readonly ModelCall[], losses: readonly Loss[] = []) =>
  (all: Evidence): Evidence => ({
    ...all,
    calls: new Map([...all.calls, [TEXTS[0], calls]]),
    losses,
  });

/** A change that breaks an invariant, and the check that must see it. */
const BROKEN: readonly [what: string, check: string, change: (all: Evidence) => Evidence][] = [
  ['an accepted turn is missing', 'I1 accepted turns end', withSent(0, { acks: new Set(['lost']) })],
  ['one key made two turns', 'I1 accepted turns end', withSent(0, { acks: new Set(['turn-0', 'turn-1']) })],
  ['a turn never ends', 'I1 accepted turns end', withTurn(1, { status: 'running' })],
  [
    'a turn fails without a model call',
    'I1 no turn fails',
    withTurn(1, { status: 'failed', error_code: 'claims_exhausted' }),
  ],
  [
    'a turn fails although the model answered',
    'I1 no turn fails',
    withTurn(1, { status: 'failed', error_code: 'model_timeout' }),
  ],
  ['a confirmed cancel is gone', 'I8 acknowledged', withSent(1, { cancel: 200 })],
  ['a client saw another reply', 'I8 acknowledged', withSent(1, { reply: 'other' })],
  [
    'a confirmed decision is gone',
    'I8 acknowledged',
    (all) => ({
      ...all,
      history: { ...all.history, decisions: [{ ...all.history.decisions[0]!, decision: 'reject' }] },
    }),
  ],
  ['a request was never answered', 'I8 repeated', withSent(1, { wasAbandoned: true })],
  [
    'a reply is delivered twice',
    'I2 one reply',
    (all) => withRows({ messages: [...all.rows.messages, ...messages(0)] })(all),
  ],
  ['a reply is not delivered', 'I2 one reply', withRows({ messages: [] })],
  ['a message became two turns', 'I2 one reply', withTurn(1, { text: TEXTS[0] })],
  ['a held reply has no review', 'I2 one reply', withRows({ reviews: [] })],
  [
    'a rejected reply is delivered',
    'I2 one decision',
    (all) => withRows({ reviews: [{ ...all.rows.reviews[0]!, status: 'rejected' }] })(all),
  ],
  ['an event is missing', 'I2 webhook', (all) => withRows({ deliveries: all.rows.deliveries.slice(1) })(all)],
  [
    'an event never arrived',
    'I2 webhook',
    (all) => ({ ...all, receiver: { receipts: new Map(), contradictions: [] } }),
  ],
  ['the reply belongs to another message', 'I4 only', withTurn(1, { reply: replyOf(TEXTS[0], 1) })],
  ['an old claim commits', 'I4 only', withCalls([call(1, 50), call(9, 150, { from: 'worker-2' })])],
  ['a seq is missing', 'I3 seq', withTurn(2, { seq: 4 })],
  [
    'two turns are swapped',
    'I3 order',
    (all) => withRows({ turns: [row(1, { seq: 1 }), row(0, { seq: 2 }), row(2)] })(all),
  ],
  ['two turns run at the same time', 'I3 one turn', withTurn(1, { started_ms: 50 })],
  ['a summary is old', 'I5', (all) => ({ ...all, summaries: new Map([['a', 2]]) })],
  ['a summary covers what was not delivered', 'I5', (all) => ({ ...all, summaries: new Map([['a', 4]]) })],
  ['a turn is not counted', 'analytics', (all) => ({ ...all, counted: { completed: 2 } })],
  ['an event is a dead letter', 'no dead letters', (all) => ({ ...all, deadLetters: ['messages: no'] })],
  ['the outbox is not empty', 'backlog', (all) => ({ ...all, leftOver: ['1 events in the outbox'] })],
  [
    'service comes back late',
    'I7 recovery',
    (all) => ({ ...all, strikes: [{ ...strike, serviceS: 21, lastTurnS: 1, takeoversS: [], worstS: 1 }] }),
  ],
  [
    'a worker is taken over late',
    'I7 recovery',
    (all) => ({ ...all, strikes: [{ ...strike, serviceS: 1, lastTurnS: 1, takeoversS: [9], worstS: 1 }] }),
  ],
  [
    'a request of the tail is refused',
    'I7 clean',
    (all) => ({ ...all, history: { ...all.history, refusals: [{ at: 6_000, what: 'POST 503' }] } }),
  ],
  ['a call is repeated for no reason', 'I9', withCalls([call(1, 50), call(9, 250)])],
  [
    'a process ends by itself',
    'I10 no process',
    (all) => ({ ...all, unexpectedExits: [{ name: 'http', at: 0, how: 'SIGABRT' }] }),
  ],
  [
    'a connection stays in a transaction',
    'I10 nothing',
    (all) => ({ ...all, usage: { ...all.usage, after: { ...all.usage.after, idleInTransaction: 1 } } }),
  ],
];

test('a faultless history passes every check', (t) => {
  t.deepEqual(findingsOf(faultless()), []);
});

for (const [what, check, change] of BROKEN)
  test(`seen: ${what}`, (t) => {
    const found = findingsOf(change(faultless()));
    t.true(
      found.some((finding) => finding.check.startsWith(check)),
      JSON.stringify(found),
    );
  });

test('a call is repeated for a reason: its worker was killed or frozen for long, or the model failed it', (t) => {
  const twice = [call(1, 50, { outcome: 'broken' }), call(9, 7_000, { from: 'worker-2' })];
  const reasonsOf = (calls: readonly ModelCall[], losses: readonly Loss[]) =>
    repeatsOf(withTurn(0, { epoch: 2 })(withCalls(calls, losses)(faultless()))).reasons;
  t.deepEqual(reasonsOf(twice, [kill]), { killed: 1 });
  t.deepEqual(reasonsOf(twice, [{ ...kill, from: 'worker-3' }]), {});
  t.deepEqual(reasonsOf(twice, [{ ...kill, why: 'frozen', until: 8_000 }]), { frozen: 1 });
  t.deepEqual(reasonsOf(twice, [{ ...kill, why: 'frozen', until: 1_000 }]), {});
  t.deepEqual(reasonsOf([call(1, 50, { outcome: 'failed' }), call(9, 250)], []), { 'failed call': 1 });
  t.deepEqual(repeatsOf(withCalls(twice)(faultless())).reasons, { 'time limit': 1 });
});

test('what a strike did is measured', (t) => {
  const { history, rows } = faultless();
  const calls = new Map([
    [TEXTS[0], [call(1, 50, { endedAt: 120, outcome: 'broken' }), call(9, 4_100, { from: 'worker-2' })]],
  ]);
  const late = withTurn(0, { finished_ms: 4_200 })(faultless());
  const [measured] = measure([{ ...strike, at: 100, target: 'worker-1' }], {
    turns: history.turns,
    rows: late.rows,
    calls,
  });
  t.deepEqual([measured!.serviceS, measured!.lastTurnS, measured!.takeoversS], [0.3, 3.2, [4]]);
  t.is(measure([strike], { turns: [], rows, calls: new Map() })[0]!.serviceS, null);
});
