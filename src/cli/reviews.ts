// turnkeeper reviews: lists, shows and decides reviews.
import type { ListedReview, Review } from '../../web/src/api/types.ts';
import { wholeNumberFault, type Command, type Options } from './command.ts';
import { excerpt, plain, type Output } from './output.ts';
import { readPages } from './pages.ts';

const DECISIONS = ['approve', 'reject', 'edit'];
const EXCERPT = 100;

/** What the reviewer decides on: the name of its line, and its text. */
const subjectOf = ({ draft, tool_call: call }: ListedReview): readonly [name: string, text: string] =>
  call === null ? ['draft', draft ?? ''] : ['call', `${call.tool} ${JSON.stringify(call.arguments)}`];

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
  output.line(`${output.style('bold', name)}${' '.repeat(9 - name.length)}${plain(subject)}`);
  if (review.reply !== null) output.line(`${output.style('bold', 'reply')}    ${plain(review.reply)}`);
  if (review.note !== null) output.line(`note     ${plain(review.note)}`);
}

export const listReviews: Command = {
  words: 'reviews',
  args: [],
  options: ['status', 'limit'],
  description: 'Lists reviews, nearest deadline first.',
  faults: (_args, options) => wholeNumberFault(options, 'limit', 1, 10_000),
  async run({ api, output, options }) {
    const { status = 'pending', limit = '50' } = options;
    const query = { status: status === 'all' ? undefined : status };
    const page = await readPages<ListedReview>(api, '/reviews', query, Number(limit));
    if (output.json) output.document(page);
    else {
      for (const review of page.items) {
        output.line(headOf(review, output));
        output.line(`  ${plain(review.user_id)} (${plain(reasonsOf(review))}): ${excerpt(review.text, EXCERPT)}`);
        const [name, subject] = subjectOf(review);
        output.line(`  ${name}: ${excerpt(subject, EXCERPT)}`);
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
  description: 'Shows a review with its draft and the earlier messages of the session.',
  async run({ api, output }, [id]) {
    const { body } = await api.json<Review>(`/reviews/${encodeURIComponent(id!)}`);
    if (output.json) output.document(body);
    else show(body, output);
    return 'ok';
  },
};

function decisionFaults(decision: string, { reply }: Options): string[] {
  if (!DECISIONS.includes(decision)) return [`the decision must be one of ${DECISIONS.join(', ')}`];
  if (decision === 'edit' && reply === undefined) return ['--reply is required to edit'];
  return decision !== 'edit' && reply !== undefined ? ['--reply is only valid with edit'] : [];
}

export const decideReview: Command = {
  words: 'reviews decide',
  args: ['<review-id>', 'approve|reject|edit'],
  options: ['reply', 'note'],
  description: 'Decides a review. The first decision wins.',
  faults: ([, decision], options) => decisionFaults(decision!, options),
  async run({ api, output, options: { reply, note } }, [id, decision]) {
    const { status, body } = await api.json<Review>(`/reviews/${encodeURIComponent(id!)}/decision`, {
      method: 'POST',
      body: { decision, reply, note },
    });
    if (output.json) output.document(body);
    else if (status === 202)
      output.line('The decision is accepted but not applied yet. See `turnkeeper reviews show`.');
    else {
      output.line(headOf(body, output));
      if (body.reply !== null) output.line(`reply    ${plain(body.reply)}`);
    }
    return 'ok';
  },
};
