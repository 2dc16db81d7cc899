// The messages of a campaign. A message tells the model how long to take and turnkeeper whether to hold the reply.

export const REVIEW_WORD = 'urgent';
const SLOW_WORD = 'slow';
const [FAST_MS, FAST_SPREAD_MS] = [100, 400];
const [SLOW_MS, SLOW_SPREAD_MS] = [3_000, 2_000];

/** The message of a turn. The index makes it unique in a campaign. */
export function textOf(index: number, user: string, draw: () => number): string {
  const [isReviewed, isSlow] = [draw() < 0.05, draw() < 0.03];
  return `turn ${index} of ${user}${isReviewed ? ` ${REVIEW_WORD}` : ''}${isSlow ? ` ${SLOW_WORD}` : ''}`;
}

/** Whether the reply to this message waits for a person. */
export const isReviewed = (text: string): boolean => text.includes(REVIEW_WORD);

/** Milliseconds that the model takes for this message: the same at every call. Some take so long that their worker can be
 *  frozen, lose the claim and wake up while another worker answers. */
export function latencyOf(text: string): number {
  const index = Number(/^turn (\d+) /.exec(text)?.[1] ?? 0);
  const spread = ((index * 2_654_435_761) % 1_000) / 1_000;
  return text.endsWith(SLOW_WORD) ? SLOW_MS + spread * SLOW_SPREAD_MS : FAST_MS + spread * FAST_SPREAD_MS;
}
