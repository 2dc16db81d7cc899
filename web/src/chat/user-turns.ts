// The turns of one user as the page knows them: loaded, followed while one is under way, and looked at again while
// others wait. A user has one turn running at a time, so one stream of events is enough.
import { batch, computed, signal } from '@preact/signals';
import { call, pathTo, told } from '../api/call.ts';
import { report } from '../api/connection.ts';
import { followEvents } from '../api/event-stream.ts';
import type { Page } from '../api/derived.ts';
import type { Turn } from '../api/types.ts';
import { isOpen, isUnderWay, later } from './turn-state.ts';

const PAGE = 100;
const LOOK_AGAIN_MS = 1_500;

export interface SessionSummary {
  readonly sessionId: string;
  readonly title: string;
  readonly lastAt: string;
  readonly held: boolean;
}

/** Newest first; named by the first of their messages that is known. */
function sessionsOf(turns: readonly Turn[]): SessionSummary[] {
  const found = new Map<string, SessionSummary>();
  for (const turn of turns) {
    const known = found.get(turn.session_id);
    const held = turn.status === 'awaiting_review' || known?.held === true;
    found.delete(turn.session_id);
    found.set(turn.session_id, {
      sessionId: turn.session_id,
      title: known?.title ?? turn.text,
      lastAt: turn.created_at,
      held,
    });
  }
  return [...found.values()].toReversed();
}

export class UserTurns {
  readonly userId: string;
  readonly #known = signal<ReadonlyMap<string, Turn>>(new Map());
  readonly loading = signal(true);
  readonly error = signal<string | null>(null);
  /** For the next page of earlier turns. */
  readonly earlier = signal<string | null>(null);
  /** What has come of the reply that is being written. */
  readonly written = signal<{ readonly turnId: string; readonly text: string } | null>(null);
  /** Every known turn, oldest first. */
  readonly turns = computed(() => [...this.#known.value.values()].toSorted((a, b) => a.seq - b.seq));
  readonly sessions = computed(() => sessionsOf(this.turns.value));
  #following: { readonly turnId: string; readonly end: () => void } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(userId: string) {
    this.userId = userId;
    void this.load();
  }

  /** Looks at the newest turns (again). */
  async load(): Promise<void> {
    try {
      const page = await this.#page(null);
      batch(() => {
        if (this.loading.value) this.earlier.value = page.next_cursor;
        this.loading.value = false;
        this.error.value = null;
        this.learn(page.items);
      });
      report('turns', true);
    } catch (error) {
      if (this.loading.value) this.error.value = told(error);
      else report('turns', false);
      this.#lookAgain(LOOK_AGAIN_MS * 2);
    }
  }

  async loadEarlier(): Promise<void> {
    const cursor = this.earlier.value;
    if (cursor === null) return;
    const page = await this.#page(cursor);
    batch(() => {
      this.earlier.value = page.next_cursor;
      this.learn(page.items);
    });
  }

  /** Takes in what was heard of turns, and goes on with what is under way. */
  learn(turns: readonly Turn[]): void {
    if (this.#ended) return;
    const known = new Map(this.#known.value);
    for (const turn of turns) known.set(turn.turn_id, later(known.get(turn.turn_id), turn));
    this.#known.value = known;
    this.#goOn();
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#following?.end();
    report('turns', true);
  }

  #page(cursor: string | null): Promise<Page<Turn>> {
    return call<Page<Turn>>(pathTo(['users', this.userId, 'turns'], { limit: PAGE, cursor }));
  }

  #goOn(): void {
    const open = this.turns.value.filter(isOpen);
    const first = open.find(isUnderWay);
    if (this.#following && this.#following.turnId !== first?.turn_id) {
      this.#following.end();
      this.#following = null;
    }
    if (first && !this.#following) this.#follow(first);
    // What waits behind it, or for a reviewer, is looked at now and then: the stream tells of one turn.
    if (open.some((turn) => turn !== first)) this.#lookAgain(LOOK_AGAIN_MS);
  }

  #lookAgain(afterMs: number): void {
    if (this.#ended) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), afterMs);
  }

  #follow({ turn_id: turnId }: Turn): void {
    this.written.value = { turnId, text: '' };
    const end = followEvents({
      url: `/turns/${turnId}/events`,
      on: {
        turn: (data) => {
          const turn = JSON.parse(data) as Turn;
          // An attempt begins: what an earlier one wrote is void.
          if (turn.status === 'running') this.written.value = { turnId, text: '' };
          this.learn([turn]);
        },
        delta: (data) => {
          const { text } = JSON.parse(data) as { text: string };
          this.written.value = { turnId, text: (this.written.peek()?.text ?? '') + text };
        },
      },
      again: async () => {
        const turn = await call<Turn>(`/turns/${turnId}`);
        this.learn([turn]);
        this.written.value = { turnId, text: '' };
        return isUnderWay(turn);
      },
    });
    this.#following = { turnId, end };
  }
}
