import type { GenerateRequest } from '../../src/python-engine/worker.js';

export const generateRequest = (fields: Partial<GenerateRequest> = {}): GenerateRequest => ({
  requestId: 'req-1',
  prompt: { messages: [{ role: 'user', content: 'Hello' }] },
  sampling: { seed: 1 },
  n: 1,
  calculator: true,
  ...fields,
});
