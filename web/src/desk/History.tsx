import type { Message } from '../api/types.ts';
import { Moment } from '../parts/Moment.tsx';

/** Earlier messages of the session. */
export const History = ({ messages }: { readonly messages: readonly Message[] }) =>
  messages.length === 0 ? null : (
    <section>
      <h3>Earlier in this session</h3>
      <ol class="before">
        {messages.map((message) => (
          <li key={`${message.turn_id} ${message.role}`}>
            <span class="soft small">
              {message.role === 'user' ? 'User' : 'Reply'} · <Moment at={message.timestamp} />
            </span>
            <p class="text">{message.content}</p>
          </li>
        ))}
      </ol>
    </section>
  );
