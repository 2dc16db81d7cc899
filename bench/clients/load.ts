// The messages between the benchmark and the process of its clients.
import type { Shape } from '../scenarios/shapes.ts';

/** A turn as its client saw it. Times are in milliseconds of one clock. */
export interface SentTurn {
  readonly turnId: string;
  /** Null: the server under test does not tell it (the floor). */
  readonly seq: number | null;
  readonly user: string;
  readonly text: string;
  readonly sentAt: number;
  readonly ackedAt: number;
  /** When the reply was there; null: the client did not wait for it. */
  readonly doneAt: number | null;
}

interface Target {
  readonly url: string;
  /** Users are `<prefix>-0` … Each load has its own prefix, so that its turns can be told apart. */
  readonly prefix: string;
}

export interface ClosedLoad extends Target {
  readonly kind: 'closed';
  readonly shape: Shape;
  /** No turn begins after this time. */
  readonly capMs: number;
  /** Put before each message. */
  readonly textPrefix?: string;
}

export interface ClosedResult {
  readonly turns: readonly SentTurn[];
  /** From the first request to the last response. */
  readonly seconds: number;
  /** From the first request to the last accept. */
  readonly acceptSeconds: number;
  /** Errors and wrong replies. */
  readonly faults: readonly string[];
}

/** Requests at a fixed rate, however long the responses take. */
export interface OpenLoad extends Target {
  readonly kind: 'open';
  readonly users: number;
  readonly perSecond: number;
  readonly seconds: number;
  /** A request that is due while so many are unanswered is not sent. */
  readonly maxUnanswered: number;
}

export interface OpenResult {
  readonly turns: readonly SentTurn[];
  readonly seconds: number;
  /** From the end of the load until the last turn of every user was final. */
  readonly drainSeconds: number;
  readonly notSent: number;
  /** Refusals by status and code, for example `503 queue_full`. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Turns that were sent after the load, once the time of the last Retry-After was over. */
  readonly retries: { readonly sent: number; readonly accepted: number };
  readonly faults: readonly string[];
}

export type Load = ClosedLoad | OpenLoad;
export type ResultOf<L extends Load> = L extends ClosedLoad ? ClosedResult : OpenResult;

const FAULTS_KEPT = 10;

/** The first faults, and how many more there are. */
export const firstOf = (faults: readonly string[]): string[] =>
  faults.length > FAULTS_KEPT
    ? [...faults.slice(0, FAULTS_KEPT), `and ${faults.length - FAULTS_KEPT} more`]
    : [...faults];
