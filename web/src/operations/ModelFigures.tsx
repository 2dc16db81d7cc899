import type { Overview } from '../api/types.ts';
import { countText, secondsText } from './numbers.ts';

/** Requests, errors, latency and tokens of the model. */
export const ModelFigures = ({ model }: Pick<Overview, 'model'>) => {
  const figures = [
    ['Requests', countText(model.requests)],
    ['Errors', countText(model.errors)],
    ['Latency p50', secondsText(model.latency_p50_s)],
    ['Latency p95', secondsText(model.latency_p95_s)],
    ['Tokens in', countText(model.input_tokens)],
    ['Tokens out', countText(model.output_tokens)],
  ] as const;
  return (
    <section class="card" aria-labelledby="model-title">
      <h2 id="model-title">Model, last hour</h2>
      <dl class="figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt class="soft small">{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
};
