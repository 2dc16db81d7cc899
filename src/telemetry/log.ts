// Log lines: JSON on standard output. Object first, one plain sentence second; never message text, never secrets.
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

/** A log whose lines carry `fields`, and the trace they belong to. `level`: a pino level or `silent`. */
export function createLog(level: string, fields: object = {}): Log {
  return pino({ level, base: fields, mixin: traceFields, timestamp: pino.stdTimeFunctions.isoTime });
}
