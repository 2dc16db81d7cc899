// The format of error responses: RFC 9457, or OpenAI's format below /v1.
import type { z } from 'zod';
import { openAiError, openAiErrorDocument } from './openai/errors.ts';
import { PROBLEM_TYPE, problemDocument, type Problem } from './problem.ts';
import { problem } from './schemas.ts';

export interface ProblemShape {
  /** Content type. */
  readonly type: string;
  readonly schema: z.ZodType;
  readonly document: (problem: Problem) => object;
}

const RFC_9457: ProblemShape = { type: PROBLEM_TYPE, schema: problem, document: problemDocument };
const OPENAI: ProblemShape = { type: 'application/json', schema: openAiError, document: openAiErrorDocument };

/** The error format for a path, which may be unknown and may have a query. */
export const problemShapeAt = (path: string): ProblemShape => (/^\/v1(?=[/?]|$)/.test(path) ? OPENAI : RFC_9457);
