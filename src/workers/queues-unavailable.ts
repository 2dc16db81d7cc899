/** Redis does not answer. Safe to try again later. */
export class QueuesUnavailable extends Error {
  override readonly name = 'QueuesUnavailable';
  constructor(cause: unknown) {
    super('the queues do not answer', { cause });
  }
}
