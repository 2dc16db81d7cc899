import type { Overview } from '../api/types.ts';
import { countText } from './numbers.ts';

/** Why turns failed in the last 24 hours. */
export function Failures({ failures }: Pick<Overview, 'failures'>) {
  const max = Math.max(1, ...failures.map(({ count }) => count));
  return (
    <section class="card" aria-labelledby="failures-title">
      <h2 id="failures-title">Failures, last 24 hours</h2>
      {failures.length === 0 ? (
        <p class="soft">No failed turns.</p>
      ) : (
        <ul class="bars">
          {failures.map(({ code, count }) => (
            <li key={code}>
              <span class="bar-fill" style={{ width: `${(100 * count) / max}%` }} />
              <code class="one-line">{code}</code>
              <span>{countText(count)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
