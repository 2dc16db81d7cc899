// The parts of which the tests build responses of endpoints.
export interface Response {
  readonly what: string;
  /** The text of the body. The tests also send it byte by byte. */
  readonly body: string;
  /** Default: `text/event-stream`. */
  readonly type?: string;
}

export const data = (value: unknown): string =>
  `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
export const chunk = (delta: object, finish: unknown = null, more: object = {}): string =>
  data({ model: 'm', choices: [{ index: 0, delta, finish_reason: finish }], ...more });
export const text = (content: unknown): string => chunk({ content });
export const STOP = chunk({}, 'stop');
export const HELLO = text('Hel') + text('lo');
export const DONE = data('[DONE]');
export const usage = (value: unknown): string => data({ choices: [], usage: value });
export const json = (value: unknown): string => JSON.stringify(value);
export const completion = (message: object, finish: unknown = 'stop', more: object = {}): string =>
  json({ model: 'm', choices: [{ index: 0, message, finish_reason: finish }], ...more });
export const error = (value: unknown): string => data({ error: value });
export const part = (type: string, value: string) => ({ type, text: value });
