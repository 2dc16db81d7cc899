// Shows a turn while it runs: as JSON events, or as text.
import type { Turn } from '../../web/src/api/types.ts';
import type { ExitReason } from './exit-codes.ts';
import type { ReceivedEvent, Step } from './follow-turn.ts';
import { plain, type Output } from './output.ts';

/** The exit reason for a turn; `ok` if it is not final. */
export const exitReasonOfTurn = ({ status }: Turn): ExitReason =>
  ['failed', 'cancelled', 'rejected', 'expired'].includes(status) ? 'failed' : 'ok';

const FINISH_WORDS: Readonly<Partial<Record<NonNullable<Turn['finish_reason']>, string>>> = {
  length: 'the reply was cut off at the limit of the model',
  tool_limit: 'the model reached the limit of tool calls',
  tool_calls: 'the client makes the calls that the reply asks for',
};

/** What to show of a turn in addition to its reply; null: nothing. */
export function statusNote(turn: Turn): string | null {
  const { status, review, error, finish_reason: finishReason } = turn;
  if (status === 'awaiting_review')
    return `held for review (${review?.reasons.join(', ') ?? ''}), deadline ${review?.deadline ?? '?'}`;
  if (status === 'failed') return `failed: ${error?.code ?? ''}: ${error?.detail ?? ''}`;
  if (finishReason !== null && FINISH_WORDS[finishReason] !== undefined) return FINISH_WORDS[finishReason];
  if (status === 'cancelled') return 'cancelled';
  if (status === 'expired') return 'expired: no reviewer decided in time';
  return null;
}

const STYLE_OF = { awaiting_review: 'yellow', failed: 'red', cancelled: 'yellow', expired: 'red' } as const;

/** The status note in brackets, with its colour. */
export const styledNote = (turn: Turn, output: Output): string =>
  output.style(STYLE_OF[turn.status as keyof typeof STYLE_OF] ?? 'dim', plain(`[${statusNote(turn) ?? turn.status}]`));

/** What to show of a call; null: nothing yet. Its end gets a line, and its wait for a person. */
const STEP_WORDS: Readonly<Record<Step['status'], string | null>> = {
  proposed: null,
  running: null,
  awaiting_review: 'waits for a person',
  done: 'done',
  failed: 'failed',
  declined: 'declined',
  unknown: 'outcome not known',
};

/** The line of a call; null: there is nothing to show yet. */
export function stepLine({ tool, status }: Step, output: Output): string | null {
  const words = STEP_WORDS[status];
  return words === null ? null : output.style('dim', plain(`[${tool}: ${words}]`));
}

export class TurnView {
  readonly #output: Output;
  /** The reply text that is on the screen. */
  #text = '';
  /** The lines of the calls that are on the screen, by number. */
  readonly #steps = new Map<number, string>();

  constructor(output: Output) {
    this.#output = output;
  }

  show(event: ReceivedEvent): void {
    if (this.#output.json) this.#output.document(event);
    else if (event.event === 'delta') this.#write(event.text);
    else if (event.event === 'step') this.#showStep(event);
    else this.#showTurn(event.turn);
  }

  #write(text: string): void {
    this.#text += text;
    this.#output.write(plain(text));
  }

  #showStep(step: Step): void {
    const line = stepLine(step, this.#output);
    if (line === null || this.#steps.get(step.step) === line) return;
    this.#steps.set(step.step, line);
    this.#endLine();
    this.#output.line(line);
  }

  #showTurn(turn: Turn): void {
    for (const step of turn.steps) this.#showStep(step);
    if (turn.status === 'running' && this.#text !== '') {
      this.#endLine();
      this.#output.line(this.#output.style('dim', '[reply restarted]'));
    }
    const reply = turn.reply ?? turn.partial_reply;
    if (reply !== null) {
      // The rest of a reply that was shown while it was written; otherwise the whole reply.
      if (!reply.startsWith(this.#text)) this.#endLine();
      this.#write(reply.slice(this.#text.length));
    }
    if (turn.status === 'queued' || turn.status === 'running') return;
    this.#endLine();
    if (statusNote(turn) !== null) this.#output.line(styledNote(turn, this.#output));
  }

  #endLine(): void {
    if (this.#text !== '') this.#output.write('\n');
    this.#text = '';
  }
}
