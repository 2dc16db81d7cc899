// A turn as it is shown while it happens: as events for machines, as text for people.
import type { Turn } from '../../web/src/api/types.ts';
import type { Ending } from './exit-codes.ts';
import type { TurnEvent } from './follow-turn.ts';
import { plain, type Output } from './output.ts';

/** How the program ends on a turn: what became of it, or that it is still under way. */
export const endingOfTurn = ({ status }: Turn): Ending =>
  ['failed', 'cancelled', 'rejected', 'expired'].includes(status) ? 'failed' : 'ok';

/** What is to be said of a turn beside its reply; null: nothing. */
export function remarkOn(turn: Turn): string | null {
  const { status, review, error } = turn;
  if (status === 'awaiting_review')
    return `waits for a person (${review?.reasons.join(', ') ?? ''}) until ${review?.deadline ?? '?'}`;
  if (status === 'failed') return `failed: ${error?.code ?? ''}: ${error?.detail ?? ''}`;
  if (status === 'cancelled') return 'cancelled';
  if (status === 'expired') return 'nobody decided in time: there is no reply';
  return null;
}

const STYLE_OF = { awaiting_review: 'yellow', failed: 'red', cancelled: 'yellow', expired: 'red' } as const;

/** A remark as a line of its own. */
export const styledRemark = (turn: Turn, output: Output): string =>
  output.style(STYLE_OF[turn.status as keyof typeof STYLE_OF] ?? 'dim', plain(`[${remarkOn(turn) ?? turn.status}]`));

export class TurnView {
  readonly #output: Output;
  /** What of the reply stands on the screen. */
  #text = '';

  constructor(output: Output) {
    this.#output = output;
  }

  show(event: TurnEvent): void {
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
      this.#output.line(this.#output.style('dim', '[the reply begins anew]'));
    }
    const reply = turn.reply ?? turn.partial_reply;
    if (reply !== null) {
      // Of a reply that was shown while it was written, the rest; else all of it.
      if (!reply.startsWith(this.#text)) this.#endLine();
      this.#write(reply.slice(this.#text.length));
    }
    if (turn.status === 'queued' || turn.status === 'running') return;
    this.#endLine();
    if (remarkOn(turn) !== null) this.#output.line(styledRemark(turn, this.#output));
  }

  #endLine(): void {
    if (this.#text !== '') this.#output.write('\n');
    this.#text = '';
  }
}
