// Message counts: the prompt contains the number of messages that the user has sent, and the analytics count them too.
// Usage: node examples/analytics-walkthrough.ts [http://127.0.0.1:8080]
import { type Message, walk } from './walkthrough.ts';

interface Activity {
  readonly message_count: number;
  readonly by_status: { readonly completed?: number };
  readonly output_tokens: number;
}

const STARTS = { alice: 5, bob: 3 };

await walk('Analytics walkthrough', async (w) => {
  w.step('Set the counts: Alice has already sent 5 messages elsewhere, Bob 3.');
  for (const [user, count] of Object.entries(STARTS))
    await w.call('POST', `/analytics/${user}/initialize`, { message_count: count });
  const before = await w.call<Activity>('GET', '/analytics/alice');
  w.expect('the count is set', before.message_count === STARTS.alice);

  w.step('Alice sends a message. The prompt contains her count.');
  const first = await w.chat({ user_id: 'alice', text: 'Good morning! I like green tea.', tags: ['greeting'] });
  w.expectWording(first, 'the reply contains the count', 'You have sent 5 messages so far.');

  w.step('Bob sends a message. He has his own count.');
  const bobs = await w.chat({ user_id: 'bob', text: 'Hello, I follow cricket.', tags: ['greeting'] });
  w.expectWording(bobs, 'the reply contains the count', 'You have sent 3 messages so far.');

  w.step('Read the analytics after the replies.');
  const after = await w.until<Activity>(
    'the count of Alice is 6',
    '/analytics/alice',
    ({ message_count }) => message_count === STARTS.alice + 1,
  );
  w.expect('one more turn was completed', after.by_status.completed === (before.by_status.completed ?? 0) + 1);
  // Some model endpoints report no usage. The token count then stays the same.
  w.expect('its tokens were counted', after.output_tokens >= before.output_tokens);
  await w.until<Activity>(
    'the count of Bob is 4',
    '/analytics/bob',
    ({ message_count }) => message_count === STARTS.bob + 1,
  );
  const days = await w.call<{ items: readonly Activity[] }>('GET', '/analytics');
  w.expect('the day includes their messages', (days.items.at(-1)?.message_count ?? 0) > 0);

  w.step('Alice continues her session.');
  const metadata = { session_id: first.session_id };
  const second = await w.chat({ user_id: 'alice', text: 'And I like to bake bread.', metadata });
  w.expectWording(second, 'the reply contains the new count', 'You have sent 6 messages so far.');
  await w.until<Activity>(
    'the count of Alice is 7',
    '/analytics/alice',
    ({ message_count }) => message_count === STARTS.alice + 2,
  );

  w.step('Read the messages of Alice by tag.');
  const tagged = await w.call<{ items: readonly Message[] }>(
    'GET',
    `/users/alice/conversations?tag=greeting&session_id=${first.session_id}`,
  );
  w.expect(
    'the page contains only the greeting and its reply',
    tagged.items.map(({ content }) => content).join('\n') === `${first.text}\n${first.reply}` &&
      tagged.items.every(({ tags }) => tags.includes('greeting')),
  );
  const foreign = await w.call<{ items: readonly Message[] }>(
    'GET',
    `/users/bob/conversations?session_id=${first.session_id}`,
  );
  w.expect('Bob has no messages in her session', foreign.items.length === 0);
});
