// Measures every attempt at a model.
import type { Metrics } from '../metrics.ts';
import { ModelError, type Model } from './model.ts';

/** The same model, with its attempts counted and timed under `purpose`. */
export const measured = (model: Model, purpose: 'reply' | 'summary', metrics: Metrics): Model => ({
  async complete(request) {
    const end = metrics.modelSeconds.startTimer({ purpose });
    try {
      const completion = await model.complete(request);
      end({ outcome: 'completed' });
      return completion;
    } catch (error) {
      end({ outcome: error instanceof ModelError ? error.code : 'aborted' });
      throw error;
    }
  },
});
