// The UserSession actor: which turn of a user runs now, and what is remembered of the user. Every method is short and
// safe to repeat; the model is never called from here. This table is also the allow-list of the actor host.
import { z } from 'zod';
import {
  forgetMemory,
  NO_HISTORY,
  patchMemory,
  renewSummary,
  unknownUser,
  type MemoryHistory,
  type MemoryPatch,
  type MemoryRecord,
  type NewSummary,
  type Remembered,
} from '../domain/memory.ts';
import type { Metadata } from '../domain/turn.ts';
import type { ActorState } from '../domain/memory.ts';

export const ACTOR_TYPE = 'UserSession';

/** All a worker needs for one turn; JSON as it is. */
export interface Work {
  readonly turnId: string;
  readonly epoch: number;
  readonly userId: string;
  readonly sessionId: string;
  readonly seq: number;
  readonly text: string;
  readonly metadata: Metadata;
  readonly attempts: number;
  /** Its place in its trace; null: it is not traced. */
  readonly traceparent: string | null;
  /** Seconds between its being accepted and this claim. */
  readonly waitedS: number;
  /** Messages the user has sent so far. */
  readonly messageCount: number;
  readonly memory: MemoryRecord;
}

export type ClaimReply =
  { readonly outcome: 'claimed'; readonly work: Work } | { readonly outcome: 'busy' | 'nothing' };

type TurnToClaim = Omit<Work, 'memory'>;

/** What the actor needs of the database. */
export interface SessionStore {
  /** One conditional update. */
  claimNext(
    userId: string,
    leaseS: number,
  ): Promise<{ outcome: 'claimed'; work: TurnToClaim } | { outcome: 'busy' | 'nothing' }>;
  /** The highest seq given to the user. */
  lastSeq(userId: string): Promise<number>;
  /** Whether all of these turns are there; one that was erased is not. */
  haveTurns(turnIds: readonly string[]): Promise<boolean>;
}

export interface SessionContext {
  readonly userId: string;
  readonly store: SessionStore;
  readonly state: ActorState;
  now(): Date;
}

const MEMORY = 'memory';
const HISTORY = 'history';

async function readMemory({ state, userId }: SessionContext): Promise<MemoryRecord> {
  return ((await state.get(userId, MEMORY)) as MemoryRecord | null) ?? unknownUser(userId);
}

async function readHistory({ state, userId }: SessionContext): Promise<MemoryHistory> {
  return ((await state.get(userId, HISTORY)) as MemoryHistory | null) ?? NO_HISTORY;
}

async function readAll(context: SessionContext): Promise<Remembered> {
  const [memory, history] = await Promise.all([readMemory(context), readHistory(context)]);
  return { memory, history };
}

async function write({ state, userId }: SessionContext, next: Remembered): Promise<MemoryRecord> {
  await state.set(userId, { [MEMORY]: next.memory, [HISTORY]: next.history });
  return next.memory;
}

const nothing = z.strictObject({});
/** What the ingress lets in: 4,000 characters, of which each may be two units. */
const shortText = z.string().max(8_000);

interface Method<A, R> {
  readonly args: z.ZodType<A>;
  run(context: SessionContext, args: A): Promise<R>;
}
const method = <A, R>(args: z.ZodType<A>, run: (context: SessionContext, args: A) => Promise<R>): Method<A, R> => ({
  args,
  run,
});

export const METHODS = {
  /** The user's next turn, for `leaseS` seconds, with what is remembered of the user. */
  claim: method(z.strictObject({ leaseS: z.number().positive() }), async (context, { leaseS }): Promise<ClaimReply> => {
    const [claim, memory] = await Promise.all([context.store.claimNext(context.userId, leaseS), readMemory(context)]);
    return claim.outcome === 'claimed'
      ? { outcome: 'claimed', work: { ...claim.work, memory } }
      : { outcome: claim.outcome };
  }),

  memory: method(nothing, readMemory),

  history: method(nothing, readHistory),

  patch: method<MemoryPatch, MemoryRecord>(
    z.strictObject({
      name: shortText.optional(),
      preferredStyle: shortText.optional(),
      favouriteTopics: z.array(shortText).max(64).optional(),
      summary: shortText.optional(),
    }) as z.ZodType<MemoryPatch>,
    async (context, patch) => write(context, patchMemory(await readAll(context), patch, context.now())),
  ),

  /** Stores a newer summary; one that covers no more than the stored one changes nothing, nor does one that was made from
   *  turns which were erased meanwhile. An erasure calls this actor after it removed the turns, so that whoever still
   *  found them here is done before it. */
  renewSummary: method<NewSummary, MemoryRecord>(
    z.strictObject({
      summary: shortText,
      throughSeq: z.number().int().positive(),
      turnIds: z.array(z.string()).max(200),
    }),
    async (context, summary) => {
      const [before, there] = await Promise.all([readAll(context), context.store.haveTurns(summary.turnIds)]);
      const next = there ? renewSummary(before, summary, context.now()) : null;
      return next ? write(context, next) : before.memory;
    },
  ),

  forget: method(nothing, async (context): Promise<MemoryRecord> => {
    const [before, lastSeq] = await Promise.all([readAll(context), context.store.lastSeq(context.userId)]);
    return write(context, forgetMemory(context.userId, before, lastSeq));
  }),

  /** Removes all that is remembered, without a trace. */
  erase: method(nothing, async ({ state, userId }): Promise<'erased'> => {
    await state.remove(userId, [MEMORY, HISTORY]);
    return 'erased';
  }),

  /** Shows that actors really answer. */
  ping: method(nothing, async (): Promise<'pong'> => 'pong'),
} as const;

export type MethodName = keyof typeof METHODS;
export type MethodArgs<M extends MethodName> = (typeof METHODS)[M] extends Method<infer A, unknown> ? A : never;
export type MethodReply<M extends MethodName> = Awaited<ReturnType<(typeof METHODS)[M]['run']>>;

export const isMethod = (name: string): name is MethodName => Object.hasOwn(METHODS, name);
