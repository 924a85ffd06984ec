import { describe, expect, it } from '@jest/globals';
import type { GenerateRequest } from '../worker.js';
import { capabilitiesOf, type Software } from './capabilities.js';
import { engineAddress } from './engine-address.js';
import { openAIRequest } from './openai-body.js';
import { refusalOf } from './refusal-of.js';

const request = (fields: Partial<GenerateRequest> = {}): GenerateRequest => ({
  ...{ requestId: 'r', prompt: { text: 'x' }, sampling: { seed: 7 }, n: 1, calculator: false },
  ...fields,
});

const bodyFor = (software: Software, fields: Partial<GenerateRequest> = {}): Record<string, unknown> =>
  JSON.parse(openAIRequest(request(fields), 'm', capabilitiesOf(software, '0.11.1')).body) as Record<string, unknown>;

describe('the body for an OpenAI-compatible engine', () => {
  it('has what was asked for, under the names of that engine, and nothing else', () => {
    expect(bodyFor('openai', { prompt: { messages: [{ role: 'user', content: 'x' }] } })).toEqual({
      ...{ model: 'm', messages: [{ role: 'user', content: 'x' }], stream: true },
      ...{ stream_options: { include_usage: true }, seed: 7, max_tokens: 512 },
    });
    const sampling = { seed: 7, maxTokens: 5, topK: 3, logitBias: { '9': -100 }, logprobs: 2 };
    expect(bodyFor('vllm', { sampling })).toMatchObject({ top_k: 3, logit_bias: { '9': -100 }, logprobs: 2 });
    expect(bodyFor('llama-server', { sampling })).toMatchObject({ max_tokens: 5, logit_bias: [[9, -100]] });
  });

  it('has seeds of 64 bits for those that take them, exactly, and of 31 for others', () => {
    const sampling = { seed: 2n ** 63n - 1n };
    const of = (software: Software): string =>
      openAIRequest(request({ sampling }), 'm', capabilitiesOf(software, null)).body;
    expect(of('vllm')).toContain('"seed":9223372036854775807');
    expect(of('llama-server')).toContain('"seed":2147483647');
  });

  it('keeps callers apart in the prefix cache of a vLLM, and does not tell it their names', () => {
    const salted = bodyFor('vllm', { cacheSalt: 'alice' })['cache_salt'];
    expect(salted).toMatch(/^[0-9a-f]{64}$/);
    expect(bodyFor('vllm', { cacheSalt: 'bob' })['cache_salt']).not.toBe(salted);
    expect(bodyFor('vllm')).not.toHaveProperty('cache_salt');
    expect(bodyFor('openai', { cacheSalt: 'alice' })).not.toHaveProperty('cache_salt');
  });

  it('has constraints in the words of each', () => {
    const constraint = { json_schema: { type: 'string' } };
    expect(bodyFor('nanochat', { constraint })).toMatchObject({ structured_outputs: { json: { type: 'string' } } });
    expect(bodyFor('llama-server', { constraint })).toMatchObject({ json_schema: { type: 'string' } });
    expect(bodyFor('ray-serve', { constraint })).toMatchObject({ response_format: { type: 'json_schema' } });
  });
});

describe('what an engine can not do', () => {
  it('follows its version: an old vLLM would ignore what it does not know', () => {
    const regex = request({ constraint: { regex: 'a' } });
    expect(refusalOf(regex, capabilitiesOf('vllm', '0.11.0'))).toBeNull();
    for (const version of ['0.10.2', null]) {
      expect(refusalOf(regex, capabilitiesOf('vllm', version))).toMatchObject({ status: 400, param: 'constraint' });
    }
  });

  it('is to go on with an answer that another began: that is no fault of the request', () => {
    const resume = [{ index: 0, tokenIds: [1], textOffset: 1 }];
    expect(refusalOf(request({ resume }), capabilitiesOf('nanochat', null))).toMatchObject({ status: 503 });
  });

  it('is a calculator that it has not, or that can not be switched off, where the client itself said so', () => {
    const asked = request({ calculator: true, calculatorGiven: true });
    expect(refusalOf(asked, capabilitiesOf('vllm', null))).toMatchObject({ param: 'calculator' });
    expect(refusalOf(request({ calculator: true }), capabilitiesOf('vllm', null))).toBeNull();
    const off = request({ calculatorGiven: true });
    expect(refusalOf(off, capabilitiesOf('nanochat-engine', null))).toMatchObject({ param: 'calculator' });
  });
});

describe('an address of an engine', () => {
  it.each([
    ['http://a:8000', 'http://a:8000', ''],
    ['http://a:8000/v1/', 'http://a:8000', ''],
    ['https://a/llm/v1', 'https://a/llm', '/llm'],
  ])('%s is %s', (text, url, root) => {
    expect(engineAddress(text)).toMatchObject({ url, root });
  });
});
