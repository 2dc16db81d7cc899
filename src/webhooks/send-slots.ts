// Who is being sent to right now: how many attempts may begin, and of which hooks. Decisions only, no I/O.

/** Attempts under way in one process. */
const SLOTS = 256;
/** Of them, attempts at hooks that failed last: however many are dead, the others have the rest. */
const FALTERING_SLOTS = 64;
/** Attempts at one hook. */
const PER_HOOK = 8;

export interface Room {
  readonly limit: number;
  readonly perHook: number;
  readonly faltering: readonly string[];
  readonly without: readonly string[];
}

/** A failure is forgotten after so long: hooks that are gone must not be remembered for ever. */
const REMEMBERED_MS = 15 * 60_000;

interface Hook {
  underWay: number;
  faltering: boolean;
  /** When its last attempt ended. */
  endedAt: number;
}

export class SendSlots {
  readonly #hooks = new Map<string, Hook>();
  #underWay = 0;
  #atFaltering = 0;

  /** What may begin now; null: nothing. `now`: milliseconds of a clock that never goes back. */
  room(now: number): Room | null {
    const limit = Math.min(SLOTS - this.#underWay, FALTERING_SLOTS);
    if (limit <= 0) return null;
    for (const [id, { underWay, endedAt }] of this.#hooks)
      if (underWay === 0 && now - endedAt > REMEMBERED_MS) this.#hooks.delete(id);
    const hooks = [...this.#hooks];
    const crowded = this.#atFaltering >= FALTERING_SLOTS;
    const isFull = ({ underWay, faltering }: Hook) => (faltering ? crowded || underWay > 0 : underWay >= PER_HOOK);
    return {
      limit,
      perHook: PER_HOOK,
      faltering: hooks.filter(([, hook]) => hook.faltering && !isFull(hook)).map(([id]) => id),
      without: hooks.filter(([, hook]) => isFull(hook)).map(([id]) => id),
    };
  }

  begin(webhookId: string): void {
    const hook = this.#hooks.get(webhookId) ?? { underWay: 0, faltering: false, endedAt: 0 };
    this.#hooks.set(webhookId, hook);
    hook.underWay += 1;
    this.#underWay += 1;
    if (hook.faltering) this.#atFaltering += 1;
  }

  end(webhookId: string, failed: boolean, now: number): void {
    const hook = this.#hooks.get(webhookId)!;
    if (hook.faltering) this.#atFaltering -= hook.underWay;
    hook.underWay -= 1;
    this.#underWay -= 1;
    hook.faltering = failed;
    hook.endedAt = now;
    if (hook.faltering) this.#atFaltering += hook.underWay;
    if (hook.underWay === 0 && !failed) this.#hooks.delete(webhookId);
  }
}
