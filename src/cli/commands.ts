// The table of commands, from which come dispatch, checks and help.
import { chat } from './chat.ts';
import type { Command } from './command.ts';
import { listDeadLetters, replayDeadLetter } from './dead-letters.ts';
import { decideReview, listReviews, showReview } from './reviews.ts';
import { turn } from './turn.ts';
import { eraseUser, exportUser } from './users.ts';

export const COMMANDS: readonly Command[] = [
  chat,
  turn,
  listReviews,
  showReview,
  decideReview,
  exportUser,
  eraseUser,
  listDeadLetters,
  replayDeadLetter,
];
