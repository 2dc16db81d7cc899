// In which shape problems are told: ours (RFC 9457), or OpenAI's where its clients read them.
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

/** The shape for a path, whether there is an operation at it or not; a query may follow. */
export const problemShapeAt = (path: string): ProblemShape => (/^\/v1(?=[/?]|$)/.test(path) ? OPENAI : RFC_9457);
