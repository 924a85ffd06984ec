import { COUNT, objectOf } from '../api-docs/schema.js';

/** With each chunk of a stream, where it was asked for. */
export const USAGE_SO_FAR = objectOf({ prompt_tokens: COUNT, completion_tokens: COUNT, total_tokens: COUNT });

export const USAGE = objectOf({
  prompt_tokens: COUNT,
  completion_tokens: COUNT,
  total_tokens: COUNT,
  prompt_tokens_details: objectOf({ cached_tokens: COUNT, audio_tokens: COUNT }),
  completion_tokens_details: objectOf({
    reasoning_tokens: COUNT,
    audio_tokens: COUNT,
    accepted_prediction_tokens: COUNT,
    rejected_prediction_tokens: COUNT,
  }),
});
