// turnkeeper counts: how many messages a user has sent is in the prompt, and in the analytics a moment later.
// Usage: node examples/analytics-walkthrough.ts [http://127.0.0.1:8080]
import { type Message, walk } from './walkthrough.ts';

interface Activity {
  readonly message_count: number;
  readonly by_status: { readonly completed?: number };
  readonly output_tokens: number;
}

const STARTS = { alice: 5, bob: 3 };

await walk('Analytics walkthrough', async (w) => {
  w.step('Alice has sent 5 messages elsewhere, Bob 3.');
  for (const [user, count] of Object.entries(STARTS))
    await w.call('POST', `/analytics/${user}/initialize`, { message_count: count });
  const before = await w.call<Activity>('GET', '/analytics/alice');
  w.expect('the count is set', before.message_count === STARTS.alice);

  w.step('Alice writes; the prompt holds her count.');
  const first = await w.chat({ user_id: 'alice', text: 'Good morning! I like green tea.', tags: ['greeting'] });
  w.expectWording(first, 'the reply knows it', 'You have sent 5 messages so far.');

  w.step('So does Bob; his count is his own.');
  const bobs = await w.chat({ user_id: 'bob', text: 'Hello, I follow cricket.', tags: ['greeting'] });
  w.expectWording(bobs, 'the reply knows it', 'You have sent 3 messages so far.');

  w.step('The analytics, a moment after the replies.');
  const after = await w.until<Activity>(
    'Alice is at 6',
    '/analytics/alice',
    ({ message_count }) => message_count === STARTS.alice + 1,
  );
  w.expect('one more turn is completed', after.by_status.completed === (before.by_status.completed ?? 0) + 1);
  // Some endpoints tell no usage; the count of tokens then stays as it is.
  w.expect('its tokens are counted', after.output_tokens >= before.output_tokens);
  await w.until<Activity>('Bob is at 4', '/analytics/bob', ({ message_count }) => message_count === STARTS.bob + 1);
  const days = await w.call<{ items: readonly Activity[] }>('GET', '/analytics');
  w.expect('the day has their messages', (days.items.at(-1)?.message_count ?? 0) > 0);

  w.step('Alice goes on in her session.');
  const metadata = { session_id: first.session_id };
  const second = await w.chat({ user_id: 'alice', text: 'And I like to bake bread.', metadata });
  w.expectWording(second, 'the reply knows the new count', 'You have sent 6 messages so far.');
  await w.until<Activity>(
    'Alice is at 7',
    '/analytics/alice',
    ({ message_count }) => message_count === STARTS.alice + 2,
  );

  w.step('What Alice said, by tag.');
  const tagged = await w.call<{ items: readonly Message[] }>(
    'GET',
    `/users/alice/conversations?tag=greeting&session_id=${first.session_id}`,
  );
  w.expect(
    'the greeting and its reply, and nothing else',
    tagged.items.map(({ content }) => content).join('\n') === `${first.text}\n${first.reply}` &&
      tagged.items.every(({ tags }) => tags.includes('greeting')),
  );
  const foreign = await w.call<{ items: readonly Message[] }>(
    'GET',
    `/users/bob/conversations?session_id=${first.session_id}`,
  );
  w.expect('of her session Bob has nothing', foreign.items.length === 0);
});
