// Problems in OpenAI's error format.
import { z } from 'zod';
import { PROBLEMS, type Problem } from '../problem.ts';
import { COMPONENTS } from '../schemas.ts';

export const openAiError = z
  .object({
    error: z.looseObject({
      message: z.string().meta({ description: 'All errors of the request.' }),
      type: z.string(),
      param: z.string().nullable().meta({ description: 'The parameter with the first error.' }),
      code: z.string().meta({ description: 'A stable error code. The list is at /docs/errors.' }),
    }),
  })
  .register(COMPONENTS, { id: 'OpenAiError' });

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};

const typeOf = (status: number): string => TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');

/** Converts a pointer such as `/messages/0/content` to OpenAI's notation: `messages[0].content`. */
function paramOf(pointer: string): string | null {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const path = steps.map((step, at) => (/^\d+$/.test(step) ? `[${step}]` : `${at > 0 ? '.' : ''}${step}`));
  return path.join('') || null;
}

function messageOf({ message, errors }: Problem): string {
  if (!errors) return message;
  return errors.map(({ pointer, detail }) => `${paramOf(pointer) ?? 'The request body'} ${detail}`).join('; ');
}

/** The error document of a problem. Extension members are inside `error`, where the clients keep them. */
export function openAiErrorDocument(problem: Problem): z.output<typeof openAiError> {
  const { code, errors, members } = problem;
  const param = paramOf(errors?.[0]?.pointer ?? '');
  return { error: { message: messageOf(problem), type: typeOf(PROBLEMS[code].status), param, code, ...members } };
}
