// Tools: an assistant looks up an order by itself, and refunds only what a person has approved. Start the receiver and
// turnkeeper first, as README.md says. Usage: node examples/shop/walkthrough.ts [http://127.0.0.1:8080]
import { type Turn, walk } from '../walkthrough.ts';

interface ToolTurn extends Turn {
  readonly steps: readonly { readonly tool: string; readonly status: string; readonly result?: unknown }[];
  readonly review: { readonly review_id: string } | null;
}

interface Review {
  readonly kind: string;
  readonly tool_call: { readonly tool: string; readonly arguments: object; readonly arguments_sha256: string };
}

await walk('Tools walkthrough', async (w) => {
  const statuses = ({ steps }: ToolTurn) => steps.map(({ tool, status }) => `${tool} ${status}`).join(', ');
  const read = (id: string) => w.call<ToolTurn>('GET', `/turns/${id}`);
  /** Asks for a refund, and waits until a person has to decide. */
  const ask = async (amount: number) => {
    const text = `Please refund {"order":"A1","amount":${amount}}.`;
    const { turn_id: id } = await w.call<Turn>('POST', '/chat', { user_id: 'carol', text });
    return w.until<ToolTurn>('the turn awaits review', `/turns/${id}`, ({ status }) => status === 'awaiting_review');
  };
  const done = (id: string) =>
    w.until<ToolTurn>('the turn is completed', `/turns/${id}`, ({ status }) => status === 'completed');

  w.step('Carol asks about an order. Reading it needs nobody.');
  const looked = await w.chat({ user_id: 'carol', text: 'Please get_order {"order":"A1"}.' });
  w.expect('the order was read', statuses(await read(looked.turn_id)) === 'get_order done');
  w.expectWording(looked, 'the reply contains the order', 'Assam');

  w.step('Carol asks for a refund. A person has to approve it.');
  const first = await ask(12.5);
  const path = `/reviews/${first.review?.review_id}`;
  const review = await w.call<Review>('GET', path);
  w.expect('the review shows the call', review.kind === 'tool_call' && review.tool_call.tool === 'refund');

  w.step('Meanwhile Carol asks about another order.');
  await w.chat({ user_id: 'carol', text: 'Please get_order {"order":"A2"}.' });

  w.step('The reviewer approves exactly what the review shows.');
  await w.call('POST', `${path}/decision`, {
    decision: 'approve',
    arguments_sha256: review.tool_call.arguments_sha256,
  });
  const refunded = await done(first.turn_id);
  w.expect('it was refunded once', statuses(refunded) === 'refund done');
  w.expect('the order was the first of the two', refunded.seq === first.seq);

  w.step('The reviewer changes the amount of the next refund.');
  const second = await ask(10);
  await w.call('POST', `/reviews/${second.review?.review_id}/decision`, {
    decision: 'edit',
    arguments: { order: 'A1', amount: 5 },
    note: 'half of it',
  });
  const edited = await done(second.turn_id);
  w.expect('5 € were refunded', JSON.stringify(edited.steps[0]?.result).includes('"amount":5'));

  w.step('The reviewer declines the third refund, and the model learns why.');
  const third = await ask(11);
  await w.call('POST', `/reviews/${third.review?.review_id}/decision`, {
    decision: 'reject',
    note: 'Ask for a photo.',
  });
  const declined = await done(third.turn_id);
  w.expect('nothing was refunded', statuses(declined) === 'refund declined');
  w.expectWording(declined, 'the model has the note', 'Ask for a photo.');
});
