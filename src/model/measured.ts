// Wraps models and moderators to count and time every attempt.
import type { Metrics } from '../telemetry/metrics.ts';
import { ModelError, type Model, type Moderator } from './model.ts';

async function timed<T>(attempt: () => Promise<T>, record: (outcome: string) => void): Promise<T> {
  try {
    const answer = await attempt();
    record('completed');
    return answer;
  } catch (error) {
    record(error instanceof ModelError ? error.code : 'aborted');
    throw error;
  }
}

/** Whose calls are counted, and under which names. */
export interface MeasuredCalls {
  readonly purpose: 'reply' | 'summary';
  readonly assistant: string;
  readonly model: string;
}

/** The same model, with its attempts counted and timed. */
export function measured(model: Model, labels: MeasuredCalls, metrics: Metrics): Model {
  // Prometheus sees no increase in the first value of a series, so it would miss the first tokens.
  for (const kind of ['input', 'output']) metrics.modelTokens.inc({ ...labels, kind }, 0);
  return {
    async complete(request) {
      const end = metrics.modelSeconds.startTimer({ purpose: labels.purpose });
      const completion = await timed(
        () => model.complete(request),
        (outcome) => {
          end({ outcome });
          metrics.modelAttempts.inc({ ...labels, outcome });
        },
      );
      const { inputTokens, outputTokens } = completion.usage ?? { inputTokens: 0, outputTokens: 0 };
      metrics.modelTokens.inc({ ...labels, kind: 'input' }, inputTokens);
      metrics.modelTokens.inc({ ...labels, kind: 'output' }, outputTokens);
      return completion;
    },
  };
}

/** The same moderator, with its attempts counted and timed under the purpose `moderation`. */
export const measuredModerator = (moderator: Moderator, metrics: Metrics): Moderator => ({
  moderate(request) {
    const end = metrics.modelSeconds.startTimer({ purpose: 'moderation' });
    return timed(
      () => moderator.moderate(request),
      (outcome) => void end({ outcome }),
    );
  },
});
