// The scenarios of the benchmark: how many users and clients send how many turns, and how long the model takes.

/** A closed loop: each client sends its next turn when the reply to the last one is there. */
export interface Shape {
  readonly what: string;
  readonly users: number;
  readonly clients: number;
  readonly turns: number;
  readonly modelMs: number;
  /** Each client is one user. Otherwise the user of each turn is drawn at random, so that turns of one user overlap. */
  readonly ownUser?: boolean;
  /** Clients do not wait for replies. After the last accept the backlog is drained. */
  readonly submitOnly?: boolean;
  /** Every n-th turn is read as an event stream instead of with a long poll. */
  readonly streamEvery?: number;
}

const throughput = { users: 200, clients: 64, turns: 4000, modelMs: 0 };

export const SCENARIOS = {
  S1: { what: 'latency', users: 1, clients: 1, turns: 200, modelMs: 0 },
  S2: { what: 'throughput', ...throughput },
  'S2-events': { what: 'S2, every tenth turn as an event stream', ...throughput, streamEvery: 10 },
  S3: { what: 'model 200 ms', users: 500, clients: 500, turns: 2000, modelMs: 200, ownUser: true },
  S4: { what: 'accept only', ...throughput, submitOnly: true },
} as const satisfies Record<string, Shape>;

export type ScenarioName = keyof typeof SCENARIOS;
export const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[];

/** Sent before each measurement, so that code is compiled, connections are open and the queues exist. */
export const WARM_UP: Shape = { what: 'warm-up', users: 50, clients: 16, turns: 500, modelMs: 0 };

/** The limit of turns per second that the delay of the model sets; null: the model has no delay. */
export const idealOf = ({ clients, modelMs }: Shape): number | null =>
  modelMs > 0 ? clients / (modelMs / 1000) : null;

/** The model delays messages that start with it. */
export const SLOW_PREFIX = 'slow ';
