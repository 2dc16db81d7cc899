// UUIDv7: made by us, roughly in order of time, never relied on for order (that is `seq`).
import { v7 } from 'uuid';

/** A new id. */
export const newId = (): string => v7();
