// Which replies may be shown while they are written. Where review is possible, no unreviewed text is ever sent.
import type { Work } from '../actors/user-session.ts';
import { mayBeHeld, type ReviewPolicy } from '../reviews/policy.ts';
import type { Turn } from './turn.ts';

/** Whether the reply to this claimed turn may be shown before it is whole: while it is written, or cut off. */
export const mayStream = (policy: ReviewPolicy, work: Work): boolean => !mayBeHeld(policy, work.text);

/** Whether the delivered reply may be told in pieces to a reader who resumes. A reviewed one comes in the final turn
 *  alone, as it did to those who read on. */
export const toldInPieces = (turn: Turn): boolean => turn.status === 'completed' && turn.review === null;
