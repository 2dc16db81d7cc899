/** Where a UserSession keeps what it remembers. Written by the actor alone, so there is no compare-and-set. */
export interface ActorState {
  /** The JSON value, or null where there is none. */
  get(userId: string, key: string): Promise<unknown>;
  /** All of them, or none. */
  set(userId: string, entries: Readonly<Record<string, object>>): Promise<void>;
  /** Where there is none, that is as well. */
  remove(userId: string, keys: readonly string[]): Promise<void>;
}
