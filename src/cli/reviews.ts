// turnkeeper reviews: lists, shows and decides reviews.
import type { ListedReview, Review } from '../../web/src/api/types.ts';
import { wholeNumberFault, type Command } from './command.ts';
import { decisionBody, decisionFaults, DECISIONS } from './decision.ts';
import { excerpt, plain, type Output } from './output.ts';
import { readPages } from './pages.ts';

const EXCERPT = 100;

/** What the reviewer decides on: the name of its line, and its text. */
const subjectOf = ({ draft, tool_call: call }: ListedReview): readonly [name: string, text: string] =>
  call === null ? ['draft', draft ?? ''] : ['call', `${call.tool} ${JSON.stringify(call.arguments)}`];

const NOT_KNOWN = 'This call was started. It is not known whether it was carried out.';

/** What a decision gave to the user or to the call: the name of its line, and its text. Null: nothing. */
function givenBy({ reply, arguments: edited, result, decision }: ListedReview): readonly [string, string] | null {
  if (reply !== null) return ['reply', reply];
  if (edited !== null) return ['edit', JSON.stringify(edited)];
  if (decision !== 'respond') return null;
  return ['result', typeof result === 'string' ? result : JSON.stringify(result)];
}

const field = (name: string, text: string): string => `${name.padEnd(9)}${plain(text)}`;

const reasonsOf = ({ reasons }: ListedReview): string => reasons.map(({ rule }) => rule).join(', ');

function marksOf(review: ListedReview, output: Output): string {
  const marks = [
    review.stale ? output.style('yellow', 'stale: the user sent more messages') : null,
    review.claimed_by === null ? null : plain(`claimed by ${review.claimed_by}`),
    review.decided_by === null ? null : plain(`decided by ${review.decided_by}`),
  ];
  return marks.flatMap((mark) => (mark === null ? [] : `  ${mark}`)).join('');
}

function headOf(review: ListedReview, output: Output): string {
  const style = review.status === 'pending' ? 'yellow' : 'dim';
  const head = `${output.style('bold', review.review_id)}  ${output.style(style, review.status)}`;
  return `${head}  deadline ${review.deadline}${marksOf(review, output)}`;
}

function show(review: Review, output: Output): void {
  output.line(headOf(review, output));
  const assistant = review.assistant === null ? '' : `, assistant ${review.assistant}`;
  output.line(plain(`user     ${review.user_id}, session ${review.session_id}${assistant}`));
  for (const { rule, detail } of review.reasons) output.line(plain(`reason   ${rule}: ${detail}`));
  for (const { role, content } of review.history)
    output.line(output.style('dim', plain(`${role.padEnd(9)}${content}`)));
  output.line(`${output.style('bold', 'message')}  ${plain(review.text)}`);
  const [name, subject] = subjectOf(review);
  output.line(output.style('bold', name) + field(name, subject).slice(name.length));
  if (review.drafting) output.line(output.style('yellow', 'A new draft is being written.'));
  output.line(field('sha256', review.tool_call?.arguments_sha256 ?? review.draft_sha256 ?? ''));
  if (review.kind === 'tool_outcome' && review.status === 'pending') output.line(output.style('yellow', NOT_KNOWN));
  showGiven(review, output);
  if (review.note !== null) output.line(field('note', review.note));
}

function showGiven(review: ListedReview, output: Output): void {
  const given = givenBy(review);
  if (given) output.line(field(...given));
}

export const listReviews: Command = {
  words: 'reviews',
  args: [],
  options: ['status', 'kind', 'limit'],
  description: 'Lists reviews, nearest deadline first.',
  faults: (_args, options) => wholeNumberFault(options, 'limit', 1, 10_000),
  async run({ api, output, options }) {
    const { status = 'pending', limit = '50' } = options;
    const query = { status: status === 'all' ? undefined : status, kind: options.kind };
    const page = await readPages<ListedReview>(api, '/reviews', query, Number(limit));
    if (output.json) output.document(page);
    else {
      for (const review of page.items) {
        output.line(headOf(review, output));
        output.line(`  ${plain(review.user_id)} (${plain(reasonsOf(review))}): ${excerpt(review.text, EXCERPT)}`);
        const [name, subject] = subjectOf(review);
        output.line(
          `  ${name}: ${excerpt(subject, EXCERPT)}${review.kind === 'tool_outcome' ? ' (outcome not known)' : ''}`,
        );
      }
      if (page.items.length === 0) output.note('No reviews.');
      if (page.next_cursor !== null) output.note('More results are available. Use --limit N.');
    }
    return 'ok';
  },
};

export const showReview: Command = {
  words: 'reviews show',
  args: ['<review-id>'],
  options: [],
  description: 'Shows a review with its draft or call, and the earlier messages of the session.',
  async run({ api, output }, [id]) {
    const { body } = await api.json<Review>(`/reviews/${encodeURIComponent(id!)}`);
    if (output.json) output.document(body);
    else show(body, output);
    return 'ok';
  },
};

export const decideReview: Command = {
  words: 'reviews decide',
  args: ['<review-id>', DECISIONS.join('|')],
  options: ['reply', 'arguments', 'result', 'note', 'seen'],
  description:
    'Decides a review. The first decision wins. Calls can also be responded to; for a call with an unknown outcome, ' +
    'reject means that it was not carried out, and retry makes it again.',
  faults: ([, decision], options) => decisionFaults(decision!, options),
  async run({ api, output, options }, [id, decision]) {
    const path = `/reviews/${encodeURIComponent(id!)}`;
    // Which hash it is depends on the kind of the review.
    const kind = options.seen === undefined ? undefined : (await api.json<Review>(path)).body.kind;
    const { status, body } = await api.json<Review>(`${path}/decision`, {
      method: 'POST',
      body: decisionBody(decision!, options, kind),
    });
    if (output.json) output.document(body);
    else if (status === 202)
      output.line('The decision is accepted but not applied yet. See `turnkeeper reviews show`.');
    else {
      output.line(headOf(body, output));
      showGiven(body, output);
    }
    return 'ok';
  },
};
