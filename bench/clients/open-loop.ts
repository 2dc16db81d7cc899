// Clients that send at a fixed rate, however long the responses take, as many independent users do.
import { setTimeout as sleep } from 'node:timers/promises';
import { post, random, type Sent } from './client.ts';
import { drain } from './closed-loop.ts';
import { firstOf, type OpenLoad, type OpenResult, type SentTurn } from './load.ts';

const SEED = 11;
const TICK_MS = 5;
const RETRIES = 50;
const REFUSED_AS_PLANNED = [429, 503];
const LONGEST_RETRY_AFTER_S = 60;

class Outcomes {
  readonly turns: SentTurn[] = [];
  readonly faults: string[] = [];
  readonly refusals: Record<string, number> = {};
  /** Seconds of the last Retry-After. */
  retryAfterS = 0;

  /** Records a response. Returns whether the turn was accepted. */
  add({ answer, turn }: Sent): boolean {
    if (turn) {
      this.turns.push(turn);
      return true;
    }
    const { code } = JSON.parse(answer.text) as { code?: string };
    const name = `${answer.status} ${code}`;
    this.refusals[name] = (this.refusals[name] ?? 0) + 1;
    if (!REFUSED_AS_PLANNED.includes(answer.status)) this.faults.push(`POST /chat: ${name}`);
    const seconds = Number(answer.headers['retry-after']);
    if (Number.isInteger(seconds) && seconds > 0 && seconds <= LONGEST_RETRY_AFTER_S) this.retryAfterS = seconds;
    else this.faults.push(`${name}: Retry-After is ${answer.headers['retry-after']}`);
    return false;
  }
}

/** Runs the load, sends some turns again after the last Retry-After, and waits until all turns are final. */
export async function openLoop(load: OpenLoad): Promise<OpenResult> {
  const { url, prefix, users, perSecond, seconds, maxUnanswered } = load;
  const draw = random(SEED);
  const outcomes = new Outcomes();
  let [next, notSent] = [0, 0];
  const unanswered = new Set<Promise<unknown>>();
  const oneTurn = async (): Promise<boolean> => {
    const user = `${prefix}-${Math.floor(draw() * users)}`;
    return outcomes.add(await post(url, user, `message ${next} of ${user}`));
  };
  const sendOne = () => {
    const sent = oneTurn().catch((error: Error) => outcomes.faults.push(error.message));
    unanswered.add(sent);
    void sent.finally(() => unanswered.delete(sent));
  };
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  while (elapsed() < seconds) {
    for (const due = elapsed() * perSecond; next < due; next += 1) {
      if (unanswered.size < maxUnanswered) sendOne();
      else notSent += 1;
    }
    await sleep(TICK_MS);
  }
  await Promise.all(unanswered);
  const ended = elapsed();

  const retries = { sent: 0, accepted: 0 };
  if (outcomes.retryAfterS > 0) {
    await sleep(outcomes.retryAfterS * 1000);
    for (; retries.sent < RETRIES; retries.sent += 1) if (await oneTurn()) retries.accepted += 1;
  }
  const lastOfUsers = new Map(outcomes.turns.toSorted((a, b) => a.seq! - b.seq!).map((turn) => [turn.user, turn]));
  outcomes.faults.push(...(await drain(url, [...lastOfUsers.values()])));
  const { turns, refusals, faults } = outcomes;
  return {
    turns,
    seconds: ended,
    drainSeconds: elapsed() - ended,
    notSent,
    refusals,
    retries,
    faults: firstOf(faults),
  };
}
