import { afterEach, describe, expect, it } from '@jest/globals';
import { CHAT, ServedGateway } from './served-gateway.js';

let gateway: ServedGateway;

afterEach(() => gateway.close());

describe('the list of models', () => {
  it('names nanochat and the own id of what is served', async () => {
    gateway = await ServedGateway.start();
    const { data } = await gateway.client().models.list();
    expect(data.map(({ id, object, owned_by }) => [id, object, owned_by])).toEqual([
      ['nanochat', 'model', 'nanochat'],
      ['fake', 'model', 'nanochat'],
    ]);
    expect(await (await fetch(`${gateway.address}/models`)).json()).toMatchObject({ object: 'list' });
  });

  it('names nanochat alone before a model is loaded, and tells nothing of it', async () => {
    gateway = await ServedGateway.start({}, {}, { ready: false });
    const { data } = await gateway.client().models.list();
    expect(data).toMatchObject([{ id: 'nanochat', root: null, max_model_len: null, nanochat: { generation: null } }]);
  });

  it('gives one model with its context and generation, or 404', async () => {
    gateway = await ServedGateway.start();
    expect(await gateway.client().models.retrieve('nanochat')).toMatchObject({
      id: 'nanochat',
      object: 'model',
      root: 'fake',
      max_model_len: 2048,
      nanochat: { generation: 'G5', vocab_size: 4096, parameters: 8000000 },
    });
    await expect(gateway.client().models.retrieve('gpt/4')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
  });
});

describe('MODEL_ALIASES', () => {
  it('are listed, found and taken by requests, and no other name is', async () => {
    gateway = await ServedGateway.start({}, { MODEL_ALIASES: 'gpt-4o, meta/llama:8b,fake' });
    const { data } = await gateway.client().models.list();
    expect(data.map(({ id }) => id)).toEqual(['nanochat', 'fake', 'gpt-4o', 'meta/llama:8b']);
    expect(await gateway.client().models.retrieve('meta/llama:8b')).toMatchObject({
      id: 'meta/llama:8b',
      root: 'fake',
    });
    const answer = await gateway.client().chat.completions.create({ ...CHAT, model: 'gpt-4o' });
    expect(answer.model).toBe('gpt-4o');
    expect((await gateway.post({ ...CHAT, model: 'gpt-4' })).status).toBe(404);
  });
});
