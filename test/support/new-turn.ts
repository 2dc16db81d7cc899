// Messages as an accept gets them, and limits that no test reaches by accident.
import { hashRequest, type AcceptLimits, type NewTurn } from '../../src/domain/accept.ts';
import { newId } from '../../src/domain/ids.ts';

export const NO_LIMITS: AcceptLimits = {
  perUser: 1_000_000,
  ofAll: 1_000_000,
  queuedOfAll: 0,
  rateRetryAfterS: null,
  budgetWaitS: null,
};

/** A valid message of the user, in a session of its own. */
export const newTurnOf = (userId: string, change: Partial<NewTurn> = {}): NewTurn => ({
  userId,
  sessionId: newId(),
  text: 'hello',
  metadata: {},
  tags: [],
  assistant: 'turnkeeper',
  clientInstructions: null,
  idempotencyKey: null,
  requestHash: hashRequest({}),
  onBusy: 'enqueue',
  ...change,
});
