// Wraps models and moderators to count and time every attempt.
import type { Metrics } from '../telemetry/metrics.ts';
import { ModelError, type Model, type Moderator } from './model.ts';

async function timed<T>(metrics: Metrics, purpose: string, attempt: () => Promise<T>): Promise<T> {
  const end = metrics.modelSeconds.startTimer({ purpose });
  try {
    const answer = await attempt();
    end({ outcome: 'completed' });
    return answer;
  } catch (error) {
    end({ outcome: error instanceof ModelError ? error.code : 'aborted' });
    throw error;
  }
}

/** The same model, with its attempts counted and timed under `purpose`. */
export const measured = (model: Model, purpose: 'reply' | 'summary', metrics: Metrics): Model => ({
  async complete(request) {
    const completion = await timed(metrics, purpose, () => model.complete(request));
    const { inputTokens, outputTokens } = completion.usage ?? { inputTokens: 0, outputTokens: 0 };
    metrics.modelTokens.inc({ purpose, kind: 'input' }, inputTokens);
    metrics.modelTokens.inc({ purpose, kind: 'output' }, outputTokens);
    return completion;
  },
});

/** The same moderator, with its attempts counted and timed under the purpose `moderation`. */
export const measuredModerator = (moderator: Moderator, metrics: Metrics): Moderator => ({
  moderate: (request) => timed(metrics, 'moderation', () => moderator.moderate(request)),
});
