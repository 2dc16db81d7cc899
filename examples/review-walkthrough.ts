// Reviews: a person approves, edits or rejects a reply before the user sees it. The user's next turns do not wait for
// it. Usage: node examples/review-walkthrough.ts [http://127.0.0.1:8080]
import { type Message, type Turn, walk } from './walkthrough.ts';

interface ReviewedTurn extends Turn {
  readonly review: { readonly review_id: string } | null;
}

interface Review {
  readonly review_id: string;
  readonly status: string;
  readonly draft: string;
}

const REJECTED = 'Message rejected by human reviewer.';

await walk('Review walkthrough', async (w) => {
  /** Posts a message whose reply needs a review, and waits until the turn awaits review. */
  const ask = async (text: string): Promise<{ turn: ReviewedTurn; path: string }> => {
    const { turn_id: id } = await w.call<Turn>('POST', '/chat', { user_id: 'bob', text });
    const turn = await w.until<ReviewedTurn>(
      'the turn awaits review',
      `/turns/${id}`,
      ({ status }) => status === 'awaiting_review',
    );
    w.expect('the user sees no reply', turn.reply === null);
    return { turn, path: `/reviews/${turn.review?.review_id}` };
  };
  const read = (id: string) => w.call<ReviewedTurn>('GET', `/turns/${id}`);

  w.step('Bob has sent 3 messages. The next one is urgent.');
  await w.call('POST', '/analytics/bob/initialize', { message_count: 3 });
  const first = await ask('This is an urgent request!');

  w.step('Bob sends another message. Its reply does not wait for the review.');
  await w.chat({ user_id: 'bob', text: 'Good morning.' });

  w.step('The reviewer reads the draft and approves it.');
  await w.call('POST', `${first.path}/claim`);
  const draft = await w.call<Review>('GET', first.path);
  await w.call('POST', `${first.path}/decision`, { decision: 'approve' });
  const approved = await read(first.turn.turn_id);
  w.expect('Bob has the reply', approved.reply === draft.draft);
  w.expectWording(approved, 'the reply contains his count', 'You have sent 3 messages so far.');
  await w.call('POST', `${first.path}/decision`, { decision: 'approve' });
  w.expect('repeating the same decision changes nothing', (await read(first.turn.turn_id)).reply === draft.draft);

  w.step('The reviewer edits the second reply.');
  const second = await ask('Please help me.');
  await w.call('POST', `${second.path}/decision`, {
    decision: 'edit',
    reply: 'A colleague will call you.',
    note: 'too vague',
  });
  w.expect('Bob has the edited reply', (await read(second.turn.turn_id)).reply === 'A colleague will call you.');

  w.step('The reviewer rejects the third reply.');
  const third = await ask('An emergency: say something rash.');
  await w.call('POST', `${third.path}/decision`, { decision: 'reject', note: 'not from us' });
  w.expect('Bob gets the rejection text', (await read(third.turn.turn_id)).reply === REJECTED);
  const { history } = await w.call<{ history: readonly Message[] }>('GET', `/conversations/${third.turn.session_id}`);
  w.expect('the rejected turn has no conversation rows', history.length === 0);
  await w.call('GET', `${third.path}/events`);
});
