// The exit codes, and the HTTP statuses that lead to them.
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'success' },
  failed: { code: 1, meaning: 'the turn failed, expired, was rejected or cancelled, or the server returned an error' },
  usage: { code: 2, meaning: 'invalid command line, or the server rejected the input (400, 413, 422)' },
  unreachable: { code: 3, meaning: 'no response from the server, or it is still busy after the retries (429, 503)' },
  forbidden: { code: 4, meaning: 'not allowed: the key is missing or invalid, or lacks the permission (401, 403)' },
  not_found: { code: 5, meaning: 'not found (404)' },
  conflict: { code: 6, meaning: 'conflict: already decided, expired or final (409, 410)' },
  interrupted: { code: 130, meaning: 'interrupted by Ctrl-C' },
} as const;

export type ExitReason = keyof typeof EXIT_CODES;

const REASON_OF_STATUS: Readonly<Record<number, ExitReason>> = {
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

/** The exit reason for an HTTP error status. */
export const exitReasonOf = (status: number): ExitReason => REASON_OF_STATUS[status] ?? 'failed';
