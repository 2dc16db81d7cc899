// Memory: a profile, the history of a session, and a summary that is updated as the user sends messages.
// Usage: node examples/memory-walkthrough.ts [http://127.0.0.1:8080]
import { type Message, walk } from './walkthrough.ts';

interface Memory {
  readonly name: string;
  readonly preferred_style: string;
  readonly user_summary: string;
  readonly favourite_topics: readonly string[];
  readonly through_seq: number;
}
interface Conversation {
  readonly history: readonly Message[];
  readonly user_id: string;
}
interface Page<T> {
  readonly items: readonly T[];
}

const USER = 'junaid';
const PROFILE = {
  name: 'Junaid Ahmed',
  preferred_style: 'formal',
  user_summary: 'Junaid writes backend services in Python.',
};
const TOPICS = ['distributed databases', 'cricket'];

await walk('Memory walkthrough', async (w) => {
  w.step('Set the profile of Junaid.');
  await w.call('POST', `/memories/${USER}/initialize`, PROFILE);
  const before = await w.call<Memory>('GET', `/memories/${USER}`);
  w.expect('the profile is stored', before.name === PROFILE.name && before.user_summary === PROFILE.user_summary);

  w.step('Junaid sends a message. Without a session id it starts a new session.');
  const first = await w.chat({
    user_id: USER,
    text: 'Good morning. I am reading about distributed databases.',
    tags: ['databases'],
  });
  w.expectWording(first, 'the reply is formal and contains the name', 'Good day, Junaid Ahmed.');

  w.step('He sends another message in the same session.');
  const metadata = { session_id: first.session_id };
  const second = await w.chat({
    user_id: USER,
    text: 'How do distributed databases agree on the order of writes?',
    metadata,
  });
  w.expect(
    'the session is the same, and the turn comes after the first one',
    second.session_id === first.session_id && second.seq > first.seq,
  );
  w.expectWording(second, 'the reply contains his previous message', 'Before that you said: “Good morning.');

  w.step('Read the history of the session, in order.');
  const { history, user_id: owner } = await w.call<Conversation>('GET', `/conversations/${first.session_id}`);
  const expected = [first, second].flatMap(({ text, reply }) => [`user ${text}`, `assistant ${reply}`]);
  w.expect(
    'it contains both messages and both replies',
    expected.join('\n') === history.map(({ role, content }) => `${role} ${content}`).join('\n'),
  );
  w.expect('the session belongs to him', owner === USER);

  w.step('The summary is updated after the last reply.');
  const after = await w.until<Memory>(
    `it covers turn ${second.seq}`,
    `/memories/${USER}`,
    ({ through_seq }) => through_seq >= second.seq,
  );
  w.expect('the summary has changed', after.user_summary !== before.user_summary);
  w.expect(
    'name and style are unchanged',
    after.name === PROFILE.name && after.preferred_style === PROFILE.preferred_style,
  );
  const earlier = await w.call<Page<{ user_summary: string }>>('GET', `/memories/${USER}/history`);
  w.expect(
    'the history contains the previous summary',
    earlier.items.some(({ user_summary }) => user_summary === before.user_summary),
  );

  w.step('Change the style and set favourite topics.');
  const patched = await w.call<Memory>('PATCH', `/memories/${USER}`, {
    preferred_style: 'casual',
    favourite_topics: TOPICS,
  });
  w.expect(
    'both are stored, and the summary is unchanged',
    patched.favourite_topics.join() === TOPICS.join() && patched.user_summary === after.user_summary,
  );
  const third = await w.chat({ user_id: USER, text: 'What do you know about me?', metadata, tags: ['memory'] });
  w.expectWording(third, 'the reply is casual now', 'Hi Junaid Ahmed!');
  w.expectWording(third, 'the reply contains the topics', `Your favourite topics: ${TOPICS.join(', ')}.`);

  w.step('Read his conversation rows by tag, by session and by user.');
  const path = `/users/${USER}/conversations?session_id=${first.session_id}`;
  const tagged = await w.call<Page<Message>>('GET', `${path}&tag=databases`);
  w.expect(
    'the tag returns its message and the reply',
    tagged.items.map(({ turn_id }) => turn_id).join() === `${first.turn_id},${first.turn_id}`,
  );
  const all = await w.call<Page<Message>>('GET', path);
  w.expect('without the tag the session has three messages with replies', all.items.length === 6);
  const ofUser = await w.call<Page<Message>>('GET', `/users/${USER}/conversations?limit=2`);
  w.expect('without the session the rows start with his first message', ofUser.items.length === 2);

  w.step('Read the memory of an unknown user.');
  const visitor = `visitor-${crypto.randomUUID().slice(0, 8)}`;
  const unknown = await w.call<Memory>('GET', `/memories/${visitor}`);
  w.expect(
    'it contains the defaults',
    unknown.name === visitor &&
      unknown.preferred_style === 'casual' &&
      unknown.user_summary === `${visitor} is a new user.`,
  );
  const answered = await w.chat({ user_id: visitor, text: 'Nice weather today.' });
  w.expectWording(answered, 'the reply is casual and uses the id as the name', `Hi ${visitor}!`);
});
