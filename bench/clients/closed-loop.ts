// A closed loop of clients: each sends its next turn when the reply to the last one is there.
import { follow, post, random, wait } from './client.ts';
import { firstOf, type ClosedLoad, type ClosedResult, type SentTurn } from './load.ts';

const SEED = 7;

/** Runs the load to its end, or until `capMs`, and then finishes the turns that have begun. */
export async function closedLoop(load: ClosedLoad): Promise<ClosedResult> {
  const { url, prefix, shape, capMs, textPrefix = '' } = load;
  const draw = random(SEED);
  const [turns, faults]: [SentTurn[], string[]] = [[], []];
  let next = 0;
  const began = performance.now();

  const oneTurn = async (client: number): Promise<void> => {
    const index = next++;
    const user = `${prefix}-${shape.ownUser ? client % shape.users : Math.floor(draw() * shape.users)}`;
    const { answer, turn } = await post(url, user, `${textPrefix}message ${index} of ${user}`);
    if (!turn) throw new Error(`POST /chat: ${answer.status} ${answer.text}`);
    if (shape.submitOnly) return void turns.push(turn);
    const read = shape.streamEvery && index % shape.streamEvery === 0 ? follow : wait;
    const fault = await read(url, turn);
    if (fault !== null) faults.push(fault);
    turns.push({ ...turn, doneAt: performance.now() });
  };
  // A client stops at its first error. Otherwise it would send countless requests to a server that has ended.
  const client = async (number: number): Promise<void> => {
    try {
      while (next < shape.turns && performance.now() - began < capMs) await oneTurn(number);
    } catch (error) {
      faults.push((error as Error).message);
    }
  };
  await Promise.all(Array.from({ length: shape.clients }, (_, number) => client(number)));
  const acceptSeconds = (performance.now() - began) / 1000;
  // Messages with a prefix are there to stay queued.
  if (shape.submitOnly && textPrefix === '') faults.push(...(await drain(url, turns)));
  return { turns, acceptSeconds, seconds: (performance.now() - began) / 1000, faults: firstOf(faults) };
}

/** Waits for the turns in the order of their accepts. Returns their faults. */
export async function drain(url: string, turns: readonly SentTurn[]): Promise<string[]> {
  const faults: string[] = [];
  for (const turn of turns) {
    const fault = await wait(url, turn);
    if (fault !== null) faults.push(fault);
  }
  return faults;
}
