// Generates ids. They are UUIDv7, roughly ordered by time, but nothing relies on that: `seq` gives the order.
import { randomUUIDv7 } from 'node:crypto';

/** A new id. */
export const newId = (): string => randomUUIDv7();
