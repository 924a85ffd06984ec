import { afterEach, describe, expect, it } from '@jest/globals';
import { ServedGateway } from './served-gateway.js';

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

  it('names nanochat alone before a model is loaded', async () => {
    gateway = await ServedGateway.start({}, {}, { ready: false });
    expect((await gateway.client().models.list()).data.map(({ id }) => id)).toEqual(['nanochat']);
  });

  it('gives one model, or 404', async () => {
    gateway = await ServedGateway.start();
    expect(await gateway.client().models.retrieve('fake')).toMatchObject({ id: 'fake', object: 'model' });
    await expect(gateway.client().models.retrieve('gpt/4')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
  });
});
