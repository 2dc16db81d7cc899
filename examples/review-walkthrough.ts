// A reply that a person approves, edits or rejects before the user sees it; meanwhile the user goes on.
// Usage: node examples/review-walkthrough.ts [http://127.0.0.1:8080]
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
  /** Posts a message that a person must see, and waits until one is asked. */
  const ask = async (text: string): Promise<{ turn: ReviewedTurn; path: string }> => {
    const { turn_id: id } = await w.call<Turn>('POST', '/chat', { user_id: 'bob', text });
    const turn = await w.until<ReviewedTurn>(
      'it waits for a person',
      `/turns/${id}`,
      ({ status }) => status === 'awaiting_review',
    );
    w.expect('the user sees no reply', turn.reply === null);
    return { turn, path: `/reviews/${turn.review?.review_id}` };
  };
  const read = (id: string) => w.call<ReviewedTurn>('GET', `/turns/${id}`);

  w.step('Bob has sent 3 messages; the next one is urgent.');
  await w.call('POST', '/analytics/bob/initialize', { message_count: 3 });
  const first = await ask('This is an urgent request!');

  w.step('He need not wait for the person.');
  await w.chat({ user_id: 'bob', text: 'Good morning.' });

  w.step('The reviewer finds the draft and approves it.');
  await w.call('POST', `${first.path}/claim`);
  const draft = await w.call<Review>('GET', first.path);
  await w.call('POST', `${first.path}/decision`, { decision: 'approve' });
  const approved = await read(first.turn.turn_id);
  w.expect('Bob has the reply', approved.reply === draft.draft);
  w.expectWording(approved, 'the reply knows his count', 'You have sent 3 messages so far.');
  await w.call('POST', `${first.path}/decision`, { decision: 'approve' });
  w.expect('deciding the same again changes nothing', (await read(first.turn.turn_id)).reply === draft.draft);

  w.step('Another reply is edited.');
  const second = await ask('Please help me.');
  await w.call('POST', `${second.path}/decision`, {
    decision: 'edit',
    reply: 'A colleague will call you.',
    note: 'too vague',
  });
  w.expect('Bob has the edited reply', (await read(second.turn.turn_id)).reply === 'A colleague will call you.');

  w.step('A third is rejected.');
  const third = await ask('An emergency: say something rash.');
  await w.call('POST', `${third.path}/decision`, { decision: 'reject', note: 'not from us' });
  w.expect('Bob is told', (await read(third.turn.turn_id)).reply === REJECTED);
  const { history } = await w.call<{ history: readonly Message[] }>('GET', `/conversations/${third.turn.session_id}`);
  w.expect('nothing of it is kept in the conversation', history.length === 0);
  await w.call('GET', `${third.path}/events`);
});
