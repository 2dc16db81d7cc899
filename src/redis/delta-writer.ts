// Writes the deltas of this process to Redis, in one pipeline for all turns at a time. So a fast model does not cost a
// command per token, and when Redis is slow the deltas get larger instead of more.
import type { RedisConnection } from './connection.ts';
import type { DeltaSink, DeltaWriter, Generation } from '../domain/delta.ts';
import { channelOf, entryIdOf, isRefusedId, messageOf, streamOf } from './delta-records.ts';

/** Milliseconds for which deltas are gathered: too short for a reader to notice. */
const GATHER_MS = 20;
/** Milliseconds until the next try while Redis is unavailable. */
const UNAVAILABLE_RETRY_MS = 500;
/** Seconds for which a stream is kept after its last delta. Later readers get the text from the row. */
const KEEP_S = 300;
/** Seconds for which a stream is kept after its end, for readers that are reconnecting. */
const KEEP_ENDED_S = 60;
/** Approximate maximum of entries. A reply has so many deltas only if the model sends very small ones. */
const MAX_ENTRIES = 20_000;

class Sink implements DeltaSink {
  readonly turnId: string;
  generation: Generation;
  ended = false;
  /** The text that is not written yet. It begins at `start` of the generation's text. */
  pending = '';
  start = 0;
  /** The stream contains the first, empty entry of the generation. */
  started = false;
  /** A reader may have seen an entry of any generation. */
  visible = false;
  /** The first half of a surrogate pair whose second half comes with the next delta. */
  #half = '';
  readonly #changed: (sink: Sink) => void;

  constructor(turnId: string, generation: Generation, changed: (sink: Sink) => void) {
    this.turnId = turnId;
    this.generation = generation;
    this.#changed = changed;
  }

  /** Adds text without NUL and lone surrogates, as in the stored reply. */
  write(text: string): void {
    const whole = (this.#half + text).replaceAll('\0', '');
    const last = whole.charCodeAt(whole.length - 1);
    const isHalf = last >= 0xd800 && last < 0xdc00;
    this.#half = isHalf ? whole.slice(-1) : '';
    this.pending += (isHalf ? whole.slice(0, -1) : whole).toWellFormed();
    this.#changed(this);
  }

  restart(attempt: number): void {
    this.generation = { ...this.generation, attempt };
    this.pending = '';
    this.#half = '';
    this.start = 0;
    this.started = false;
    this.#changed(this);
  }

  end(): void {
    if (this.ended) return;
    this.pending += this.#half.toWellFormed();
    this.#half = '';
    this.ended = true;
    this.#changed(this);
  }
}

export class RedisDeltaWriter implements DeltaWriter {
  readonly #redis: RedisConnection;
  readonly #dirty = new Set<Sink>();
  #timer: NodeJS.Timeout | undefined;
  #flushing = false;

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  open(turnId: string, generation: Generation): DeltaSink {
    // The first text of a reply starts the first flush: until then there is nothing to send.
    return new Sink(turnId, generation, (changed) => this.#changed(changed));
  }

  #changed(sink: Sink): void {
    // A reply that took less time than the first flush: no reader would notice its deltas before its final text.
    if (sink.ended && !sink.visible) return void this.#dirty.delete(sink);
    this.#dirty.add(sink);
    // The commit follows the end soon. The rest should be written before it, so that readers get it as deltas.
    this.#schedule(sink.ended ? 0 : GATHER_MS);
  }

  #schedule(ms: number): void {
    if (this.#flushing) return;
    if (ms === 0) clearTimeout(this.#timer);
    else if (this.#timer) return;
    this.#timer = setTimeout(() => void this.#flush(), ms);
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    this.#timer = undefined;
    const sinks = [...this.#dirty];
    this.#dirty.clear();
    const wrote = await this.#write(sinks).catch(() => false);
    this.#flushing = false;
    if (this.#dirty.size > 0) this.#schedule(wrote ? GATHER_MS : UNAVAILABLE_RETRY_MS);
  }

  /** False: Redis is unavailable. The text that was not written stays pending; it is at most the reply. */
  async #write(sinks: readonly Sink[]): Promise<boolean> {
    const pipeline = this.#redis.pipeline();
    const written = sinks.map((sink) => {
      const { turnId, generation, pending, start, started, ended } = sink;
      const stream = streamOf(turnId);
      const first = pipeline.length;
      for (const text of started ? [pending] : ['', pending]) {
        if (started && text === '') continue;
        const id = entryIdOf(generation, start + text.length);
        pipeline.xadd(stream, 'MAXLEN', '~', MAX_ENTRIES, id, 't', text);
        pipeline.publish(channelOf(turnId), messageOf(id, text));
      }
      pipeline.expire(stream, ended ? KEEP_ENDED_S : KEEP_S);
      sink.pending = '';
      sink.start += pending.length;
      sink.started = true;
      sink.visible = true;
      return { sink, generation, pending, started, first, last: pipeline.length };
    });
    const results = (await pipeline.exec().catch(() => null)) ?? [];
    let unavailable = results.length === 0;
    for (const { sink, generation, pending, started, first, last } of written) {
      const failed = results.length === 0 || results.slice(first, last).some(([error]) => error && !isRefusedId(error));
      if (!failed) continue;
      unavailable = true;
      // The text is void because of another attempt, or the turn has ended: readers get the rest from the row.
      if (sink.ended || sink.generation !== generation) continue;
      sink.pending = pending + sink.pending;
      sink.start -= pending.length;
      sink.started = started;
      this.#dirty.add(sink);
    }
    return !unavailable;
  }
}
