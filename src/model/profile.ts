// What was learned about an endpoint from its answers. It lasts as long as the process.

/** Parameters that a call can do without, and how endpoints name them when they refuse them. */
const OMITTABLE = {
  stream_options: /stream_?options|include_?usage/i,
} as const satisfies Readonly<Record<string, RegExp>>;

export type Omittable = keyof typeof OMITTABLE;

/** The parameter that an error names; null: none that can be omitted. */
export const refusedParameter = (names: string): Omittable | null =>
  (Object.keys(OMITTABLE) as Omittable[]).find((name) => OMITTABLE[name].test(names)) ?? null;

export class EndpointProfile {
  readonly #omitted = new Set<Omittable>();
  #reasonsFirst = false;
  readonly #onLearned: (what: string) => void;

  /** `onLearned` is called once for each thing that is learned. */
  constructor(onLearned: (what: string) => void) {
    this.#onLearned = onLearned;
  }

  omits(name: Omittable): boolean {
    return this.#omitted.has(name);
  }

  /** The endpoint refuses the parameter: later calls omit it. */
  omit(name: Omittable): void {
    if (this.#omitted.has(name)) return;
    this.#omitted.add(name);
    this.#onLearned(`it refuses the parameter ${name}, which is omitted from now on`);
  }

  /** Whether replies begin with reasoning that has no opening mark. Only the whole text shows where the reply begins. */
  get reasonsFirst(): boolean {
    return this.#reasonsFirst;
  }

  learnReasonsFirst(): void {
    if (this.#reasonsFirst) return;
    this.#reasonsFirst = true;
    this.#onLearned('its replies begin with reasoning without an opening mark, so they are no longer sent in pieces');
  }
}
