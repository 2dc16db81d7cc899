import type { Overview } from '../api/types.ts';
import { countText, secondsText } from './numbers.ts';

/** The number of jobs in each topic by state. */
export const Topics = ({ topics }: Pick<Overview, 'topics'>) => (
  <section class="card" aria-labelledby="topics-title">
    <h2 id="topics-title">Topics</h2>
    <div class="table-box" tabIndex={0} role="region" aria-label="Topics, table">
      <table>
        <thead>
          <tr>
            <th scope="col">Topic</th>
            <th scope="col">Waiting</th>
            <th scope="col">Active</th>
            <th scope="col">Delayed</th>
            <th scope="col">Failed</th>
            <th scope="col">Oldest</th>
          </tr>
        </thead>
        <tbody>
          {topics.map((topic) => (
            <tr key={topic.topic}>
              <th scope="row">{topic.topic}</th>
              <td>{countText(topic.waiting)}</td>
              <td>{countText(topic.active)}</td>
              <td>{countText(topic.delayed)}</td>
              <td class={topic.failed > 0 ? 'bad' : ''}>
                {topic.failed > 0 ? <a href="#/dead-letters">{countText(topic.failed)}</a> : 0}
              </td>
              <td>{secondsText(topic.oldest_waiting_s)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  </section>
);
