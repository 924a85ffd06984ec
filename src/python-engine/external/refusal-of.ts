import { engineUnavailable, unsupportedParameter } from '../../openai/error-catalogue.js';
import type { OpenAIError } from '../../openai/openai-error.js';
import type { GenerateRequest, SamplingParams } from '../worker.js';
import { type Capabilities, kindOf } from './capabilities.js';

/** The client's name of each, and the values that ask for nothing. */
const FIELDS: Readonly<Record<keyof SamplingParams, [name: string, ...neutral: unknown[]]>> = {
  temperature: ['temperature'],
  topK: ['top_k', 0, -1],
  topP: ['top_p', 1],
  seed: ['seed'],
  maxTokens: ['max_tokens'],
  stop: ['stop'],
  ignoreEos: ['ignore_eos', false],
  minP: ['min_p', 0],
  presencePenalty: ['presence_penalty', 0],
  frequencyPenalty: ['frequency_penalty', 0],
  repetitionPenalty: ['repetition_penalty', 1],
  logitBias: ['logit_bias'],
  minTokens: ['min_tokens', 0],
  stopTokenIds: ['stop_token_ids'],
  logprobs: ['logprobs'],
};

const KINDS = {
  json_schema: 'by a JSON schema',
  json_object: 'to a JSON object',
  regex: 'by a regular expression',
  choice: 'to a choice of texts',
  lark: 'by a grammar, which tools need here too',
} as const;

/** Why this engine can not do this; null where it can. Fields have the client's names, and a constraint is `constraint`. */
export function refusalOf(request: GenerateRequest, engine: Capabilities): OpenAIError | null {
  if (request.resume !== undefined) {
    return engineUnavailable('An external engine can not go on with an answer that another has begun.', 1);
  }
  const lacking = lacks(request, engine);
  if (lacking === null) return null;
  const [param, what] = lacking;
  return unsupportedParameter(param, `Unsupported: the engine (${engine.software}) does not have ${what}.`);
}

function lacks(request: GenerateRequest, engine: Capabilities): [param: string, what: string] | null {
  const { n, sampling, prompt, constraint } = request;
  if (n > 1 && !engine.choices) return ['n', "more than one choice: 'n'"];
  for (const [field, [name, ...neutral]] of Object.entries(FIELDS)) {
    const value = sampling[field as keyof SamplingParams];
    const asked = value !== undefined && !neutral.includes(value) && !isEmpty(value);
    if (asked && !(field in engine.sampling)) return [name, `'${name}'`];
  }
  if (constraint !== undefined && !engine.constraints.includes(kindOf(constraint))) {
    return ['constraint', `answers constrained ${KINDS[kindOf(constraint)]}`];
  }
  return lacksOfTokens(request, engine) ?? ('tokenIds' in prompt ? lacksOfIds(request, engine) : null);
}

function lacksOfTokens(request: GenerateRequest, engine: Capabilities): [param: string, what: string] | null {
  const { tokenIds, promptLogprobs, sampling, constraint, calculator, calculatorGiven } = request;
  if (tokenIds && !engine.tokenIds) {
    return ['return_token_ids', "token ids: 'return_token_ids' and 'continuous_usage_stats'"];
  }
  if (promptLogprobs !== undefined) return ['echo', "log-probabilities of the prompt: 'echo' with 'logprobs'"];
  if (sampling.maxTokens === 0) return ['max_tokens', "answers of no token: 'max_tokens' of 0"];
  const wanted = calculator && constraint === undefined ? 'on' : 'off';
  if (calculatorGiven && engine.calculator !== 'either' && engine.calculator !== wanted) {
    return ['calculator', `the calculator ${wanted}: 'calculator'`];
  }
  return null;
}

function lacksOfIds({ echo }: GenerateRequest, engine: Capabilities): [param: string, what: string] | null {
  if (!engine.tokenPrompts) return ['prompt', "prompts of token ids: 'prompt'"];
  return echo ? ['echo', "the text of token ids: 'echo'"] : null;
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;
