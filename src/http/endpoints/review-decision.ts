// The decision of a reviewer as a request: which members it has depends on the decision and on the kind of the review.
import { z } from 'zod';
import { assistantNamed, type AssistantSource } from '../../domain/assistants/assistant.ts';
import { sha256, VALUE_CHARACTERS } from '../../domain/decision-events.ts';
import { MESSAGE_LIMITS, NOTE_CHARACTERS } from '../../domain/limits.ts';
import {
  DECISIONS,
  DECISIONS_OF,
  type Decision,
  type DecisionKind,
  type Review,
  type ReviewKind,
} from '../../domain/review.ts';
import { faultOfArguments } from '../../domain/tools/arguments.ts';
import { storedResult } from '../../domain/tools/stored-values.ts';
import { invalidRequest } from '../problem.ts';
import { COMPONENTS, storableText } from '../schemas.ts';

/** Which members a decision needs. Of an edit it depends on the kind of the review. */
const NEEDS: Readonly<Record<DecisionKind, readonly ('reply' | 'arguments' | 'result')[]>> = {
  approve: [],
  edit: ['reply', 'arguments'],
  reject: [],
  respond: ['result'],
  retry: [],
  revise: [],
};

export const decisionRequest = z
  .strictObject({
    decision: z.enum(DECISIONS),
    reply: storableText(1, MESSAGE_LIMITS.textCharacters).optional().meta({
      description: 'The reply to deliver instead of the draft. Required to edit a reply, otherwise not allowed.',
    }),
    arguments: z.record(z.string(), z.unknown()).optional().meta({
      description: 'The arguments of the call that is made instead. Required to edit a call, otherwise not allowed.',
    }),
    result: z.unknown().optional().meta({
      description:
        'The result of the call for the model: any JSON value. Required with `respond`, otherwise not allowed.',
    }),
    note: storableText(1, NOTE_CHARACTERS).optional().meta({
      description:
        'A note for the audit trail. The user does not see it. Required with `revise`: what the model has to change. The model also sees the note of a call that is rejected.',
    }),
    draft_sha256: sha256.optional().meta({ description: 'The hash of the draft that the reviewer saw.' }),
    arguments_sha256: sha256.optional().meta({ description: 'The hash of the arguments that the reviewer saw.' }),
  })
  .check(({ value, issues }) => {
    const fault = (path: string, message: string) =>
      issues.push({ code: 'custom', path: [path], message, input: value });
    const needed = NEEDS[value.decision];
    const given = (['reply', 'arguments', 'result'] as const).filter((name) => value[name] !== undefined);
    for (const name of given.filter((each) => !needed.includes(each)))
      fault(name, `is not allowed for the decision ${value.decision}`);
    const fitting = given.filter((each) => needed.includes(each));
    // What an edit needs depends on the kind of the review.
    if (needed.length === 1 && fitting.length === 0)
      fault(needed[0]!, `is required for the decision ${value.decision}`);
    if (value.decision === 'revise' && value.note === undefined) fault('note', 'is required for the decision revise');
    if (fitting.length > 1) fault(fitting[1]!, 'is not allowed together with a reply');
    for (const name of ['arguments', 'result'] as const)
      if (JSON.stringify(value[name] ?? null).length > VALUE_CHARACTERS)
        fault(name, `has more than ${VALUE_CHARACTERS} characters as JSON`);
  })
  .register(COMPONENTS, { id: 'ReviewDecision' });

/** The faults that depend on the review. @throws Problem invalid_request */
export function checkAgainst(
  review: Review,
  body: z.output<typeof decisionRequest>,
  assistants: AssistantSource['current'],
): void {
  const faults = [...faultsFor(review.kind, body), ...faultsOfEdit(review, body, assistants)].map(([name, detail]) => ({
    pointer: `/${name}`,
    detail,
  }));
  if (faults.length > 0) throw invalidRequest(faults);
}

function* faultsFor(kind: ReviewKind, body: z.output<typeof decisionRequest>): Generator<[string, string]> {
  const { decision } = body;
  const allowed = DECISIONS_OF[kind];
  if (!allowed.includes(decision))
    yield ['decision', `must be one of ${allowed.join(', ')} for a review of kind ${kind}`];
  const isReply = kind === 'reply';
  const [own, other] = isReply ? (['reply', 'arguments'] as const) : (['arguments', 'reply'] as const);
  if (decision === 'edit' && body[other] !== undefined) yield [other, `is not allowed for a review of kind ${kind}`];
  if (decision === 'edit' && body[own] === undefined) yield [own, `is required to edit a review of kind ${kind}`];
  const otherHash = isReply ? 'arguments_sha256' : 'draft_sha256';
  if (body[otherHash] !== undefined) yield [otherHash, `is not allowed for a review of kind ${kind}`];
}

/** What is wrong with edited arguments, by the schema of their tool. The tools of MCP servers are known to workers only; they
 *  check the arguments before every call. */
function* faultsOfEdit(
  { kind, status, toolCall, assistant }: Review,
  { arguments: edited }: z.output<typeof decisionRequest>,
  assistants: AssistantSource['current'],
): Generator<[string, string]> {
  if (kind !== 'tool_call' || status !== 'pending' || !edited) return;
  const calling = assistant === null ? assistants.standard : assistantNamed(assistants, assistant);
  const tool = calling?.tools.http.find(({ name }) => name === toolCall?.tool);
  const fault = tool && faultOfArguments(tool, JSON.stringify(edited));
  if (fault) yield ['arguments', fault];
}

/** The decision of a valid request. */
export const decisionOf = (body: z.output<typeof decisionRequest>, decidedBy: string): Decision => ({
  decision: body.decision,
  reply: body.reply ?? null,
  arguments: body.arguments ? JSON.stringify(body.arguments) : null,
  result: body.result === undefined ? null : storedResult(body.result),
  note: body.note ?? null,
  seenSha256: body.draft_sha256 ?? body.arguments_sha256 ?? null,
  decidedBy,
});
