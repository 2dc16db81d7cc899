// The format of error responses: RFC 9457, or OpenAI's format below /v1.
import type { z } from 'zod';
import { openAiError, openAiErrorDocument } from './openai/errors.ts';
import { isOpenAiPath, PROBLEM_TYPE, problemDocument, type Problem } from './problem.ts';
import { problem } from './schemas.ts';

export interface ProblemShape {
  /** Content type. */
  readonly type: string;
  readonly schema: z.ZodType;
  readonly document: (problem: Problem) => object;
  /** Headers besides those of the problem. `hasKey`: the request has an idempotency key. */
  readonly headers: (problem: Problem, hasKey: boolean) => Readonly<Record<string, string>>;
}

const RFC_9457: ProblemShape = { type: PROBLEM_TYPE, schema: problem, document: problemDocument, headers: () => ({}) };
const OPENAI: ProblemShape = {
  type: 'application/json',
  schema: openAiError,
  document: openAiErrorDocument,
  // The clients repeat a 503. Without a key that could make a second turn of a message that was accepted.
  headers: ({ code }, hasKey) => (code === 'outcome_unknown' && !hasKey ? { 'x-should-retry': 'false' } : {}),
};

/** The error format for a path, which may be unknown and may have a query. */
export const problemShapeAt = (path: string): ProblemShape => (isOpenAiPath(path) ? OPENAI : RFC_9457);
