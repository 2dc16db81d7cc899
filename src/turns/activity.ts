// What the analytics tell of a user, or of a day.
import type { TurnStatus } from './turn.ts';

export interface Activity {
  readonly messageCount: number;
  readonly byStatus: Partial<Record<TurnStatus, number>>;
  readonly reviewed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly firstAt: Date | null;
  readonly lastAt: Date | null;
}
