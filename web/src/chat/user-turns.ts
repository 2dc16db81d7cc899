// The turns of one user in the page. A user has one turn running at a time, so one event stream is enough; other turns
// that are not final are polled.
import { batch, computed, signal } from '@preact/signals';
import { call, errorText, pathTo } from '../api/call.ts';
import { report } from '../api/connection.ts';
import { followEvents } from '../api/event-stream.ts';
import type { Page, Step } from '../api/derived.ts';
import type { Turn } from '../api/types.ts';
import { isOpen, isQueuedOrRunning, newer, withStep } from './turn-order.ts';

const PAGE = 100;
const POLL_MS = 1_500;

export interface SessionSummary {
  readonly sessionId: string;
  readonly title: string;
  readonly lastAt: string;
  readonly held: boolean;
}

/** Newest first. The title is the first loaded message. */
function sessionsOf(turns: readonly Turn[]): SessionSummary[] {
  const found = new Map<string, SessionSummary>();
  for (const turn of turns) {
    const before = found.get(turn.session_id);
    const held = turn.status === 'awaiting_review' || before?.held === true;
    found.delete(turn.session_id);
    found.set(turn.session_id, {
      sessionId: turn.session_id,
      title: before?.title ?? turn.text,
      lastAt: turn.created_at,
      held,
    });
  }
  return [...found.values()].toReversed();
}

export class UserTurns {
  readonly userId: string;
  readonly #byId = signal<ReadonlyMap<string, Turn>>(new Map());
  readonly loading = signal(true);
  readonly error = signal<string | null>(null);
  /** The cursor of earlier turns; null: all are loaded. */
  readonly earlier = signal<string | null>(null);
  /** The reply text so far of the running turn. */
  readonly written = signal<{ readonly turnId: string; readonly text: string } | null>(null);
  /** All loaded turns, oldest first. */
  readonly turns = computed(() => [...this.#byId.value.values()].toSorted((a, b) => a.seq - b.seq));
  readonly sessions = computed(() => sessionsOf(this.turns.value));
  #followed: { readonly turnId: string; readonly stop: () => void } | null = null;
  /** The last change of a turn or of a call that the stream reported. */
  #lastChange: { readonly turnId: string } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(userId: string) {
    this.userId = userId;
    void this.load();
  }

  /** Loads the newest turns. A failure is retried. */
  async load(): Promise<void> {
    const before = this.#lastChange;
    try {
      const page = await this.#page(null);
      batch(() => {
        if (this.loading.value) this.earlier.value = page.next_cursor;
        this.loading.value = false;
        this.error.value = null;
        // An event that arrived during the request is newer than the response.
        this.update(
          page.items.filter(({ turn_id: id }) => id !== this.#lastChange?.turnId || this.#lastChange === before),
        );
      });
      report('turns', true);
    } catch (error) {
      if (this.loading.value) this.error.value = errorText(error);
      else report('turns', false);
      this.#pollAfter(POLL_MS * 2);
    }
  }

  async loadEarlier(): Promise<void> {
    const cursor = this.earlier.value;
    if (cursor === null) return;
    const page = await this.#page(cursor);
    batch(() => {
      this.earlier.value = page.next_cursor;
      this.update(page.items);
    });
  }

  /** Merges received turns, then follows or polls those that are not final. */
  update(turns: readonly Turn[]): void {
    if (this.#stopped) return;
    const byId = new Map(this.#byId.value);
    for (const turn of turns) byId.set(turn.turn_id, newer(byId.get(turn.turn_id), turn));
    this.#byId.value = byId;
    this.#followOpen();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#followed?.stop();
    report('turns', true);
  }

  #page(cursor: string | null): Promise<Page<Turn>> {
    return call<Page<Turn>>(pathTo(['users', this.userId, 'turns'], { limit: PAGE, cursor }));
  }

  #followOpen(): void {
    const open = this.turns.value.filter(isOpen);
    const first = open.find(isQueuedOrRunning);
    if (this.#followed && this.#followed.turnId !== first?.turn_id) {
      this.#followed.stop();
      this.#followed = null;
    }
    if (first && !this.#followed) this.#follow(first);
    // The stream is of one turn. Queued turns behind it and turns awaiting review are polled.
    if (open.some((turn) => turn !== first)) this.#pollAfter(POLL_MS);
  }

  #pollAfter(afterMs: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), afterMs);
  }

  #follow({ turn_id: turnId }: Turn): void {
    this.written.value = { turnId, text: '' };
    const stop = followEvents({
      url: `/turns/${turnId}/events`,
      on: {
        turn: (data) => {
          const turn = JSON.parse(data) as Turn;
          this.#lastChange = { turnId };
          // A new attempt: the text of an earlier one is void.
          if (turn.status === 'running') this.written.value = { turnId, text: '' };
          this.update([turn]);
        },
        step: (data) => {
          const turn = this.#byId.peek().get(turnId);
          this.#lastChange = { turnId };
          if (turn) this.update([withStep(turn, JSON.parse(data) as Step)]);
        },
        delta: (data) => {
          const { text } = JSON.parse(data) as { text: string };
          this.written.value = { turnId, text: (this.written.peek()?.text ?? '') + text };
        },
      },
      beforeReopen: async () => {
        const turn = await call<Turn>(`/turns/${turnId}`);
        this.update([turn]);
        this.written.value = { turnId, text: '' };
        return isQueuedOrRunning(turn);
      },
    });
    this.#followed = { turnId, stop };
  }
}
