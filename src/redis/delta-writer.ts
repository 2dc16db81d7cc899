// Writes the replies of this process to Redis as they come. One pipeline for all turns at a time: a fast model costs no
// command per token, and when Redis gets slower the pieces get larger instead of more.
import type { RedisConnection } from './connection.ts';
import type { DeltaSink, DeltaWriter, Generation } from '../domain/delta.ts';
import { channelOf, entryIdOf, isRefusedId, messageOf, streamOf } from './delta-records.ts';

/** Pieces are gathered for so long: shorter than what a reader notices. */
const GATHER_MS = 20;
const AWAY_RETRY_MS = 500;
/** A stream lives for so long after its last piece. Readers who come later are told from the row. */
const KEEP_S = 300;
/** After the end only those need it who are reconnecting. */
const KEEP_ENDED_S = 60;
/** Entries at most, about: a reply has so many pieces only if the model dribbles. */
const ENTRIES = 20_000;

class Sink implements DeltaSink {
  readonly turnId: string;
  generation: Generation;
  ended = false;
  /** Not written yet; it begins at `start` of the generation's text. */
  pending = '';
  start = 0;
  /** The generation's first, empty entry stands in the stream. */
  begun = false;
  /** The first half of a character whose second half comes with the next piece. */
  #half = '';
  readonly #changed: (sink: Sink) => void;

  constructor(turnId: string, generation: Generation, changed: (sink: Sink) => void) {
    this.turnId = turnId;
    this.generation = generation;
    this.#changed = changed;
  }

  /** As the reply itself is stored: without NUL and halves of characters. */
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
    this.begun = false;
    this.#changed(this);
  }

  end(): void {
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
    const sink = new Sink(turnId, generation, (changed) => {
      this.#dirty.add(changed);
      // The commit is near: what is left should be there before it, so that readers get it as it came.
      this.#schedule(changed.ended ? 0 : GATHER_MS);
    });
    this.#dirty.add(sink);
    this.#schedule(0);
    return sink;
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
    if (this.#dirty.size > 0) this.#schedule(wrote ? GATHER_MS : AWAY_RETRY_MS);
  }

  /** False: RedisConnection is away. What was not written stays pending, which is at most the reply. */
  async #write(sinks: readonly Sink[]): Promise<boolean> {
    const pipeline = this.#redis.pipeline();
    const written = sinks.map((sink) => {
      const { turnId, generation, pending, start, begun, ended } = sink;
      const stream = streamOf(turnId);
      const first = pipeline.length;
      for (const text of begun ? [pending] : ['', pending]) {
        if (begun && text === '') continue;
        const id = entryIdOf(generation, start + text.length);
        pipeline.xadd(stream, 'MAXLEN', '~', ENTRIES, id, 't', text);
        pipeline.publish(channelOf(turnId), messageOf(id, text));
      }
      pipeline.expire(stream, ended ? KEEP_ENDED_S : KEEP_S);
      sink.pending = '';
      sink.start += pending.length;
      sink.begun = true;
      return { sink, generation, pending, begun, first, last: pipeline.length };
    });
    const results = (await pipeline.exec().catch(() => null)) ?? [];
    let away = results.length === 0;
    for (const { sink, generation, pending, begun, first, last } of written) {
      const failed = results.length === 0 || results.slice(first, last).some(([error]) => error && !isRefusedId(error));
      if (!failed) continue;
      away = true;
      // Another attempt made it void, or nobody will need it: who reads is told the rest from the row.
      if (sink.ended || sink.generation !== generation) continue;
      sink.pending = pending + sink.pending;
      sink.start -= pending.length;
      sink.begun = begun;
      this.#dirty.add(sink);
    }
    return !away;
  }
}
