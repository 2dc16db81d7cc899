import type { Overview } from '../api/types.ts';
import { countText } from './numbers.ts';

/** Turns, failures and tokens of the last 24 hours, by assistant and model. */
export const AssistantsTable = ({ assistants }: Pick<Overview, 'assistants'>) => (
  <section class="card" aria-labelledby="assistants-title">
    <h2 id="assistants-title">Assistants, last 24 hours</h2>
    {assistants.length === 0 ? (
      <p class="soft">No final turns.</p>
    ) : (
      <div class="table-box" tabIndex={0} role="region" aria-label="Assistants, table">
        <table class="assistants">
          <thead>
            <tr>
              <th scope="col">Assistant</th>
              <th scope="col">Model</th>
              <th scope="col">Turns</th>
              <th scope="col">Failed</th>
              <th scope="col">Tokens in</th>
              <th scope="col">Tokens out</th>
            </tr>
          </thead>
          <tbody>
            {assistants.map(({ assistant, model, turns, failed, ...tokens }) => (
              <tr key={`${assistant} ${model}`}>
                <th scope="row">{assistant}</th>
                <td title={model === null ? 'No model answered' : undefined}>{model ?? '—'}</td>
                <td>{countText(turns)}</td>
                <td class={failed > 0 ? 'bad' : ''}>{countText(failed)}</td>
                <td>{countText(tokens.input_tokens)}</td>
                <td>{countText(tokens.output_tokens)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    )}
  </section>
);
