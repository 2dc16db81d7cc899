// Shows a turn while it runs: as JSON events, or as text.
import type { Turn } from '../../web/src/api/types.ts';
import type { ExitReason } from './exit-codes.ts';
import type { ReceivedEvent } from './follow-turn.ts';
import { plain, type Output } from './output.ts';

/** The exit reason for a turn; `ok` if it is not final. */
export const exitReasonOfTurn = ({ status }: Turn): ExitReason =>
  ['failed', 'cancelled', 'rejected', 'expired'].includes(status) ? 'failed' : 'ok';

/** What to show of a turn in addition to its reply; null: nothing. */
export function statusNote(turn: Turn): string | null {
  const { status, review, error, finish_reason: finishReason } = turn;
  if (status === 'awaiting_review')
    return `held for review (${review?.reasons.join(', ') ?? ''}), deadline ${review?.deadline ?? '?'}`;
  if (status === 'failed') return `failed: ${error?.code ?? ''}: ${error?.detail ?? ''}`;
  if (finishReason === 'length') return 'the reply was cut off at the limit of the model';
  if (status === 'cancelled') return 'cancelled';
  if (status === 'expired') return 'expired: no reviewer decided in time';
  return null;
}

const STYLE_OF = { awaiting_review: 'yellow', failed: 'red', cancelled: 'yellow', expired: 'red' } as const;

/** The status note in brackets, with its colour. */
export const styledNote = (turn: Turn, output: Output): string =>
  output.style(STYLE_OF[turn.status as keyof typeof STYLE_OF] ?? 'dim', plain(`[${statusNote(turn) ?? turn.status}]`));

export class TurnView {
  readonly #output: Output;
  /** The reply text that is on the screen. */
  #text = '';

  constructor(output: Output) {
    this.#output = output;
  }

  show(event: ReceivedEvent): void {
    if (this.#output.json) this.#output.document(event);
    else if (event.event === 'delta') this.#write(event.text);
    else this.#showTurn(event.turn);
  }

  #write(text: string): void {
    this.#text += text;
    this.#output.write(plain(text));
  }

  #showTurn(turn: Turn): void {
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
