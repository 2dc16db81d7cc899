// Which replies may be shown while they are written. Where review is possible, no unreviewed text is ever sent.
import type { Work } from '../actors/user-session.ts';
import type { Turn } from './turn.ts';

/** Whether the reply to this claimed turn may be shown piece by piece. There is no review yet, so it may. */
export const mayStream = (_work: Work): boolean => true;

/** Whether the delivered reply may be told in pieces to a reader who resumes. A reviewed one comes in the final turn
 *  alone, as it did to those who read on. */
export const toldInPieces = (turn: Turn): boolean => turn.status === 'completed';
