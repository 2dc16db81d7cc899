import type { Review, ReviewedToolCall } from '../../api/types.ts';
import { Notice } from '../../parts/Notice.tsx';
import { kindOf, pretty, textOf } from './arguments.ts';
import { Diff } from '../Diff.tsx';

interface Props {
  readonly review: Review;
  /** The assistant that asks for the call; null: there is nothing to tell apart. */
  readonly by: string | null;
  readonly call: ReviewedToolCall;
  /** The arguments of the open edit as JSON; null: no edit is open. */
  readonly edited: string | null;
}

const ArgumentList = ({ value }: { readonly value: ReviewedToolCall['arguments'] }) => {
  const entries = Object.entries(value);
  if (entries.length === 0) return <p class="soft">No arguments</p>;
  return (
    <dl class="argument-list">
      {entries.map(([name, part]) => (
        <div key={name}>
          <dt>
            {name} <span class="soft small">{kindOf(part)}</span>
          </dt>
          <dd class="text">{textOf(part)}</dd>
        </div>
      ))}
    </dl>
  );
};

/** The call that a review is about, and what the decision gave to it. */
export function CallDetails({ review, by, call, edited }: Props) {
  const original = pretty(call.arguments);
  return (
    <>
      <section>
        <h3>{edited === null ? 'Call' : 'Call with your changes'}</h3>
        <div class="card draft">
          <p class="called">
            <strong>{call.tool}</strong>{' '}
            <span class="soft small">
              call {call.step} of this turn{by !== null && `, asked for by ${by}`}
            </span>
          </p>
          {edited === null ? <ArgumentList value={call.arguments} /> : <Diff draft={original} edited={edited} />}
        </div>
        {review.kind === 'tool_outcome' && review.status === 'pending' && (
          <Notice kind="warn">
            This call was started. It is not known whether it was carried out. Find out before you decide.
          </Notice>
        )}
      </section>
      {review.arguments !== null && (
        <section>
          <h3>Arguments of the reviewer</h3>
          <div class="card">
            <Diff draft={original} edited={pretty(review.arguments)} />
          </div>
        </section>
      )}
      {review.decision === 'respond' && (
        <section>
          <h3>Result of the reviewer</h3>
          <p class="card text">{textOf(review.result)}</p>
        </section>
      )}
    </>
  );
}
