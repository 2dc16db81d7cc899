// What the program's exit code says, for scripts. One table: the codes, and which answers of the server they stand for.
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'the answer is a failure: the turn ended without its reply, or the server went wrong' },
  usage: { code: 2, meaning: 'wrong usage, or the server finds faults in what was sent (400, 413, 422)' },
  unreachable: { code: 3, meaning: 'the server cannot be reached, or has no room even after waiting (429, 503)' },
  forbidden: { code: 4, meaning: 'not allowed: no key, an unknown one, or one without the right (401, 403)' },
  not_found: { code: 5, meaning: 'there is no such thing (404)' },
  conflict: { code: 6, meaning: 'it was decided, expired or finished before (409, 410)' },
  interrupted: { code: 130, meaning: 'left by Ctrl-C' },
} as const;

export type Ending = keyof typeof EXIT_CODES;

const ENDING_OF_STATUS: Readonly<Record<number, Ending>> = {
  400: 'usage',
  401: 'forbidden',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  410: 'conflict',
  413: 'usage',
  415: 'usage',
  422: 'usage',
  429: 'unreachable',
  431: 'usage',
  502: 'unreachable',
  503: 'unreachable',
  504: 'unreachable',
};

/** How the program ends on an HTTP status that is no success. */
export const endingOf = (status: number): Ending => ENDING_OF_STATUS[status] ?? 'failed';
