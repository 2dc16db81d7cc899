// The checks of the kill run: each sees what it is for, and nothing in a faultless run.
import test from 'ava';
import { struckBy, toolFindingsOf } from '../../faults/tools/checks.ts';
import type { StepRow, ToolEvidence, ToolReviewRow } from '../../faults/tools/evidence.ts';
import type { Entry } from '../../faults/tools/ledger.ts';
import type { Asked } from '../../faults/tools/model.ts';
import { tooFewOf } from '../../faults/tools/run.ts';
import { messageOf } from '../../faults/tools/turns.ts';

const [MESSAGE, TURN] = [messageOf(1), 'turn-1'];
const TOOLS = ['set_note', 'charge', 'refund'] as const;
const kill = { pid: 9, at: 1_500 };

const argumentsOf = (step: number) => `{"order":"${step}"}`;
const resultOf = (number: number) => `{"receipt":"r${number}"}`;

const step = (number: number, more: Partial<StepRow> = {}): StepRow => ({
  turn_id: TURN,
  step: number,
  tool: TOOLS[number - 1]!,
  call_id: `call_1_${number - 1}`,
  arguments: argumentsOf(number),
  status: 'done',
  result: resultOf(number),
  ...more,
});

const entry = (number: number, more: Partial<Entry> = {}): Entry => ({
  number,
  tool: TOOLS[number - 1]!,
  turnId: TURN,
  step: number,
  callId: `call_1_${number - 1}`,
  key: `${TURN}:${number}`,
  port: 1,
  arguments: argumentsOf(number),
  at: 1_000 * number,
  outcome: 'answered',
  result: resultOf(number),
  ...more,
});

const review = (more: Partial<ToolReviewRow> = {}): ToolReviewRow => ({
  review_id: 'review-1',
  turn_id: TURN,
  step: 3,
  kind: 'tool_call',
  status: 'approved',
  decision: 'approve',
  decided_value: null,
  decided_ms: 2_500,
  ...more,
});

const asked = (number: number, round: number, more: Partial<Asked> = {}): Asked => ({
  number,
  message: MESSAGE,
  round,
  at: 1_000 * number,
  caller: { port: 1, killed: null },
  ...more,
});

const faultless = (): ToolEvidence => ({
  turns: 1,
  rows: {
    turns: [
      {
        turn_id: TURN,
        text: MESSAGE,
        status: 'completed',
        reply: `answer 2\n${[1, 2, 3].map(resultOf).join('\n')}`,
        epoch: 2,
        error_code: null,
      },
    ],
    steps: [step(1), step(2), step(3)],
    reviews: [review()],
  },
  entries: [entry(1), entry(2), entry(3)],
  asked: [asked(1, 0), asked(2, 1)],
  acknowledged: new Map([[MESSAGE, TURN]]),
  confirmed: [{ reviewId: 'review-1', decision: 'approve' }],
  wrong: [],
  unexpectedExits: [],
});

const outcome = (more: Partial<ToolReviewRow> = {}) =>
  review({
    review_id: 'review-2',
    step: 2,
    kind: 'tool_outcome',
    status: 'responded',
    decision: 'respond',
    decided_value: 'by hand',
    ...more,
  });

const withSteps =
  (...steps: readonly StepRow[]) =>
  (evidence: ToolEvidence): ToolEvidence => ({
    ...evidence,
    rows: {
      ...evidence.rows,
      steps: evidence.rows.steps.map((each) => steps.find((other) => other.step === each.step) ?? each),
    },
  });
const withReviews =
  (...reviews: readonly ToolReviewRow[]) =>
  (evidence: ToolEvidence): ToolEvidence => ({
    ...evidence,
    rows: { ...evidence.rows, reviews },
  });
const withEntries =
  (...more: readonly Entry[]) =>
  (evidence: ToolEvidence): ToolEvidence => ({
    ...evidence,
    entries: [...evidence.entries.filter(({ number }) => !more.some((each) => each.number === number)), ...more],
  });
const withTurn =
  (more: Partial<ToolEvidence['rows']['turns'][number]>) =>
  (evidence: ToolEvidence): ToolEvidence => ({
    ...evidence,
    rows: { ...evidence.rows, turns: [{ ...evidence.rows.turns[0]!, ...more }] },
  });

type Change = (evidence: ToolEvidence) => ToolEvidence;

const BROKEN: readonly (readonly [what: string, check: string, change: Change])[] = [
  ['a turn fails', 'I1 turns with calls', withTurn({ status: 'failed', error_code: 'claims_exhausted' })],
  ['a call has not ended', 'I1 turns with calls', withSteps(step(2, { status: 'unknown' }))],
  ['a turn was not accepted', 'I1 turns with calls', (evidence) => ({ ...evidence, turns: 2 })],
  ['a once call arrives twice', 'I2 once calls', withEntries(entry(4, { ...entry(2), number: 4 }))],
  ['a call arrives under another key', 'I2 calls keep', withEntries(entry(1, { key: `${TURN}:1:2` }))],
  ['a repeat has other arguments', 'I2 calls keep', withEntries(entry(4, { ...entry(1), number: 4, arguments: '{}' }))],
  ['a call without a row arrives', 'I2 calls keep', withEntries(entry(4, { ...entry(1), number: 4, step: 9 }))],
  [
    'a call arrives without its approval',
    'I2 approved',
    withReviews(review({ status: 'rejected', decision: 'reject' })),
  ],
  ['a call arrives before its approval', 'I2 approved', withReviews(review({ decided_ms: 3_500 }))],
  [
    'other arguments were approved',
    'I2 approved',
    withReviews(review({ status: 'edited', decided_value: '{"order":"x"}' })),
  ],
  ['nobody was asked about a call that broke off', 'I2 unknown', withEntries(entry(2, { outcome: 'broken' }))],
  ['a result is not the one of the receiver', 'I2 results', withSteps(step(1, { result: resultOf(3) }))],
  ['the reply does not have a result', 'I2 results', withTurn({ reply: `answer 2\n${resultOf(1)}` })],
  ['another decision is stored', 'I8 confirmed', withReviews(review({ decision: 'reject' }))],
  [
    'a model call is repeated without a kill',
    'I9 journaled',
    (evidence) => ({ ...evidence, asked: [asked(1, 0), asked(2, 1), asked(3, 1)] }),
  ],
  [
    'the model is asked again although its answer is in the journal',
    'I9 journaled',
    (evidence) => ({
      ...evidence,
      asked: [asked(1, 0, { caller: { port: 1, killed: kill } }), asked(2, 1), asked(3, 0)],
    }),
  ],
];

test('a faultless run passes every check', (t) => {
  t.deepEqual(toolFindingsOf(faultless()), []);
});

for (const [what, check, change] of BROKEN)
  test(`seen: ${what}`, (t) => {
    const found = toolFindingsOf(change(faultless()));
    t.true(
      found.some((finding) => finding.check.startsWith(check)),
      JSON.stringify(found),
    );
  });

test('what kills explain is no fault', (t) => {
  const retried = withReviews(review(), outcome({ status: 'retried', decision: 'retry', decided_value: null }));
  const twice = withEntries(entry(2, { outcome: 'broken', result: 'x' }), entry(4, { ...entry(2), number: 4 }));
  t.deepEqual(toolFindingsOf(twice(retried(faultless()))), []);
  const byHand = withSteps(step(2, { result: 'by hand' }))(
    withTurn({ reply: `answer 2\n${resultOf(1)}by hand${resultOf(3)}` })(faultless()),
  );
  t.deepEqual(
    toolFindingsOf(withEntries(entry(2, { outcome: 'broken' }))(withReviews(review(), outcome())(byHand))),
    [],
  );
  const again = {
    ...faultless(),
    asked: [asked(0, 0, { caller: { port: 1, killed: kill }, at: 500 }), asked(1, 0, { at: 6_000 }), asked(2, 1)],
  };
  t.deepEqual(toolFindingsOf(again), []);
});

test('a run that struck too little proves nothing', (t) => {
  const repeated = withEntries(entry(4, { ...entry(1), number: 4 }))(withReviews(review(), outcome())(faultless()));
  t.deepEqual(struckBy(repeated), { unknown: 1, repeats: 1 });
  const result = {
    runtime: 'embedded',
    folder: '',
    turns: 1,
    completed: 1,
    kills: 1,
    calls: 4,
    modelCalls: 2,
    retries: 0,
    seconds: 1,
    findings: [],
  } as const;
  t.is(tooFewOf({ ...result, unknown: 20, repeats: 20 }).length, 0);
  t.is(tooFewOf({ ...result, unknown: 19, repeats: 19 }).length, 2);
});
