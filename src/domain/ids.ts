// Generates ids. They are UUIDv7, roughly ordered by time, but nothing relies on that: `seq` gives the order.
import { v7 } from 'uuid';

/** A new id. */
export const newId = (): string => v7();
