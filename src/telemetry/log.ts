// Log lines: JSON on standard output. Fields come first and one plain sentence second. They never contain message text
// or secrets.
import { pino } from 'pino';
import { traceFields } from './tracing.ts';

export interface Log {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Log;
}

/** A log whose lines contain `fields` and the current trace. `level`: a pino level or `silent`. */
export function createLog(level: string, fields: object = {}): Log {
  return pino({ level, base: fields, mixin: traceFields, timestamp: pino.stdTimeFunctions.isoTime });
}
