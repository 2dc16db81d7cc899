// The journal of a turn: the model's answers that ask for tool calls, and the calls. A turn that is taken over continues
// from it. Pure.
import { sha256Of } from '../text.ts';
import type { Usage } from '../turn.ts';
import { valueOf } from './stored-values.ts';
import type { Approval, Effect, Tool } from './tool.ts';

export const STEP_STATUSES = [
  'proposed',
  'awaiting_review',
  'running',
  'done',
  'failed',
  'declined',
  'unknown',
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/** What the turn shows of a call. */
export interface TurnStep {
  /** From 1. */
  readonly step: number;
  readonly tool: string;
  readonly status: StepStatus;
  /** Increases with every change of a step of the turn: the number of its last change. */
  readonly changed: number;
}

/** What reviewers and operators see besides. `result` null: there is none yet. */
export interface StepContent {
  readonly step: number;
  /** The JSON text of an object. */
  readonly arguments: string;
  readonly result: string | null;
  readonly truncated: boolean;
}

/** A call that the model asked for. */
export interface CallStep extends StepContent {
  /** Position in the journal, from 1. */
  readonly ordinal: number;
  readonly tool: string;
  /** As the model named it, even if there is no such tool. */
  readonly modelName: string;
  readonly callId: string;
  /** When it was asked for. */
  readonly effect: Effect;
  /** Of the tool's definition; null: it has none. */
  readonly version: string | null;
  readonly status: StepStatus;
  /** A person has approved the call with these arguments. */
  readonly approved: boolean;
  /** The rule (`ruleOf`) under which a person was asked; null: nobody was. */
  readonly rule: string | null;
  /** Seconds from its start after which its worker records no outcome any more. */
  readonly expiresS: number;
  /** Milliseconds from its start to its end; 0: it was not made, or has not ended. */
  readonly ranMs: number;
}

/** An answer of the model that asks for calls. */
export interface ModelStep {
  readonly ordinal: number;
  readonly content: string;
  readonly model: string;
  readonly usage: Usage | null;
  /** At least one. */
  readonly calls: readonly CallStep[];
}

export type Journal = readonly ModelStep[];

/** The steps that are still to be made. */
const OPEN: ReadonlySet<StepStatus> = new Set(['proposed', 'awaiting_review', 'running', 'unknown']);
export const isOpen = ({ status }: Pick<CallStep, 'status'>): boolean => OPEN.has(status);

/** A rule of approval as it is stored. An approval is valid under the rule under which it was given. */
export const ruleOf = (approval: Approval): string => JSON.stringify(approval);

/** What a review shows of a call. */
export type ShownCall = Pick<CallStep, 'tool' | 'arguments' | 'callId' | 'step'>;

/** A call that may be repeated is made at most so often. */
const MOST_CALLS = 4;
/** Seconds for the waits between calls, and for the record of the outcome. */
const RECORD_S = 10;

/** Seconds from the start of a call after which nobody records its outcome. */
export const expiryOf = ({ effect, timeoutMs }: Pick<Tool, 'effect' | 'timeoutMs'>): number =>
  (timeoutMs / 1_000 + RECORD_S) * (effect === 'once' ? 1 : MOST_CALLS);

/** The calls of all answers. */
export const callsOf = (journal: Journal): readonly CallStep[] => journal.flatMap(({ calls }) => calls);

/** The tokens of all answers, and of the last one. Null: no answer reported any. */
export function totalUsage(journal: Journal, last: Usage | null): Usage | null {
  const reported = [...journal.map(({ usage }) => usage), last].filter((usage) => usage !== null);
  if (reported.length === 0) return null;
  return {
    inputTokens: reported.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
    outputTokens: reported.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
  };
}

/** A call as reviews and their events show it. The hash is that of the stored text, which is sent unchanged. */
export const toolCallJson = ({ tool, arguments: text, callId, step }: ShownCall) => ({
  tool,
  arguments: valueOf(text) as Record<string, unknown>,
  call_id: callId,
  step,
  arguments_sha256: sha256Of(text),
});
