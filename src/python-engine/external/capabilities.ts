import type { Constraint, SamplingParams } from '../worker.js';

/** Servers that are told apart by what they say of themselves; `openai` is any other. */
export type Software =
  'nanochat' | 'nanochat-engine' | 'vllm' | 'ray-serve' | 'llama-server' | 'transformers' | 'openai';

export type ConstraintKind = 'json_schema' | 'json_object' | 'regex' | 'choice' | 'lark';

/** What an external engine can do. Whatever else is asked for is refused, since many servers ignore what they do not know. */
export interface Capabilities {
  readonly software: Software;
  /** More than one choice. */
  readonly choices: boolean;
  /** Sampling parameters, by the names that they have there. */
  readonly sampling: Readonly<Partial<Record<keyof SamplingParams, string>>>;
  readonly constraints: readonly ConstraintKind[];
  /** Whether it tells the token ids of prompt and answer. */
  readonly tokenIds: boolean;
  /** Whether a prompt may be token ids. */
  readonly tokenPrompts: boolean;
  readonly calculator: 'either' | 'on' | 'off';
  /** Whether callers can be kept apart in its prefix cache. */
  readonly cacheSalt: boolean;
  /** Whose routes for tokens it has. */
  readonly tokenizer: 'vllm' | 'nanochat-engine' | 'llama-server' | null;
}

const OPENAI = {
  ...{ temperature: 'temperature', topP: 'top_p', seed: 'seed', maxTokens: 'max_tokens', stop: 'stop' },
} as const;

const PENALTIES = { presencePenalty: 'presence_penalty', frequencyPenalty: 'frequency_penalty' } as const;

/** vLLM's names, which ours are too. */
const VLLM = {
  ...OPENAI,
  ...PENALTIES,
  ...{ topK: 'top_k', minP: 'min_p', repetitionPenalty: 'repetition_penalty', logitBias: 'logit_bias' },
  ...{ minTokens: 'min_tokens', stopTokenIds: 'stop_token_ids', ignoreEos: 'ignore_eos', logprobs: 'logprobs' },
} as const;

/** The first vLLM with `structured_outputs` and `return_token_ids`; an older one ignores them. */
const VLLM_STRUCTURED: readonly [number, number] = [0, 11];

export const CONSTRAINTS: readonly ConstraintKind[] = ['json_schema', 'json_object', 'regex', 'choice', 'lark'];

/** `version` as the server tells it, null where it does not. */
export function capabilitiesOf(software: Software, version: string | null): Capabilities {
  const none: Omit<Capabilities, 'software' | 'choices' | 'sampling'> = {
    ...{ constraints: [], tokenIds: false, tokenPrompts: true, cacheSalt: false },
    ...{ calculator: 'off', tokenizer: null },
  };
  switch (software) {
    case 'nanochat':
      return {
        ...{ software, choices: true, sampling: VLLM, constraints: CONSTRAINTS, tokenIds: true, tokenPrompts: true },
        ...{ calculator: 'either', tokenizer: 'vllm', cacheSalt: false },
      };
    case 'nanochat-engine':
      return {
        ...{ ...none, software, choices: true, sampling: { ...OPENAI, topK: 'top_k' } },
        ...{ calculator: 'on', tokenizer: 'nanochat-engine' },
      };
    case 'vllm': {
      const recent = version !== null && atLeast(version, VLLM_STRUCTURED);
      const constraints = [...JSON_KINDS, ...(recent ? (['regex', 'choice'] as const) : [])];
      return {
        ...{ ...none, software, choices: true, sampling: VLLM, constraints, tokenizer: 'vllm' },
        ...{ tokenIds: recent, cacheSalt: recent },
      };
    }
    case 'ray-serve':
      return { ...none, software, choices: true, sampling: VLLM, constraints: JSON_KINDS };
    case 'llama-server':
      return {
        ...{ ...none, software, choices: false, constraints: JSON_KINDS, tokenizer: 'llama-server' },
        sampling: { ...OPENAI, ...PENALTIES, ...LLAMA },
      };
    case 'transformers':
      return {
        ...{ ...none, software, choices: false, tokenPrompts: false },
        sampling: { ...OPENAI, frequencyPenalty: PENALTIES.frequencyPenalty },
      };
    case 'openai':
      return { ...none, software, choices: false, sampling: { ...OPENAI, ...PENALTIES }, tokenPrompts: false };
  }
}

const JSON_KINDS = ['json_schema', 'json_object'] as const;

/** Its repetition penalty is of the last tokens alone, so ours is none of its. */
const LLAMA = {
  ...{ topK: 'top_k', minP: 'min_p', logitBias: 'logit_bias', ignoreEos: 'ignore_eos', logprobs: 'logprobs' },
} as const;

export const kindOf = (constraint: Constraint): ConstraintKind =>
  CONSTRAINTS.find((kind) => kind in constraint) ?? 'lark';

function atLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, ours = '0', theirs = '0'] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(ours) > major || (Number(ours) === major && Number(theirs) >= minor);
}
