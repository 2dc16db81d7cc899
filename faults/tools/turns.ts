// The turns of the kill run: the tools, the assistant that has them, and what the model asks for in each round. No I/O.

/** The tools by name. Only `refund` needs a person. */
const TRAITS = {
  get_order: { effect: 'read' },
  set_note: { effect: 'idempotent', approval: false },
  charge: { effect: 'once', approval: false },
  refund: { effect: 'once', approval: true },
} as const;

export type ToolName = keyof typeof TRAITS;

export const isOnce = (tool: string): boolean => TRAITS[tool as ToolName]?.effect === 'once';

export const CALLS_PER_TURN = 3;

/** The calls of a turn, one list for each answer of the model. Each has three calls. */
const SHAPES: readonly (readonly (readonly ToolName[])[])[] = [
  [['get_order', 'set_note', 'charge']],
  [['charge'], ['set_note'], ['get_order']],
  [['get_order', 'get_order'], ['charge']],
  [['set_note', 'refund'], ['set_note']],
  [['charge', 'charge'], ['set_note']],
];

/** The message of a turn: unique in a run, and the same for the same index. */
export const messageOf = (index: number): string => `turn ${index} of the kill run`;

/** What the model asks for in this round of the turn, from 0. Empty: it answers. */
export function callsOfRound(message: string, round: number): readonly ToolName[] {
  const index = Number(/^turn (\d+) /.exec(message)?.[1] ?? 0);
  return SHAPES[index % SHAPES.length]![round] ?? [];
}

/** The content of the assistants file. */
export const assistantsFile = (url: string): object => {
  const properties = { order: { type: 'string' }, answer: { type: 'integer' } };
  const parameters = { type: 'object', properties, required: ['order', 'answer'] };
  const tools = Object.fromEntries(
    Object.entries(TRAITS).map(([name, traits]) => [
      name,
      { description: `Runs ${name}.`, parameters, url, ...traits },
    ]),
  );
  return { assistants: { shop: { instructions: 'You serve customers.', tools: Object.keys(TRAITS) } }, tools };
};
