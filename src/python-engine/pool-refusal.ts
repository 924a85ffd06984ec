import { engineUnavailable, modelLoading } from '../openai/error-catalogue.js';
import { OpenAIError } from '../openai/openai-error.js';
import { whereIs, type PoolStatus } from './pool-status.js';

const SOON_SECONDS = 2;
const ORCHESTRATOR_SECONDS = 30;

/** What a client is told when no worker is ready: the states. The reasons name files and stay in health and the log. */
export function poolRefusal({ allFailed, everReady, workers }: PoolStatus): OpenAIError {
  const states = workers.map(whereIs).join('; ');
  if (allFailed) {
    return new OpenAIError({
      status: 503,
      code: 'engine_unavailable',
      message: `The engine has failed and does not come back by itself: ${states}.`,
      retryAfterSeconds: ORCHESTRATOR_SECONDS,
      shouldRetry: false,
    });
  }
  return everReady
    ? engineUnavailable(`The engine is coming back: ${states}.`, SOON_SECONDS)
    : modelLoading(`The model is not ready yet: ${states}.`, SOON_SECONDS);
}
