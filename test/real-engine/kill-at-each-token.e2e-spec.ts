import { afterAll, afterEach, expect, it } from '@jest/globals';
import { chunksOf, type Chunk } from '../gateway/event-lines.js';
import { Exposition } from '../gateway/exposition.js';
import { DEADLINE_MS, GatewayProcess, until } from './gateway-process.js';
import { type Piece, RecitingEngine } from './reciting-engine.js';

const special = (name: string): Piece => ({ special: `<|${name}|>` });
const [asks, asked, ends] = [special('python_start'), special('python_end'), special('assistant_end')];

/** The calculator and a constraint exclude one another, so two answers have all that there is to lose. */
const SCRIPT: Record<string, Piece[][]> = {
  fox: [
    // The three that are null are the calculator's; ' new' begins as the stop string ' never more' does.
    [
      'The fox',
      ' 🦊',
      ' has',
      asks,
      '12*7',
      asked,
      null,
      null,
      null,
      ' eggs',
      ' ne',
      'w',
      ',',
      ' ne',
      'ver',
      ' more',
      '!',
    ],
    ['Eggs', ' 🦊', ' ne', 'ver', ' more', '!'],
  ],
  JSON: [
    ['{"animal":"', 'fox 🦊', '","legs":', '4', '}', ends],
    ['{"animal":"', '🦊🦊 née', '","legs":', '12', '}', ends],
  ],
};
const COMMON = { model: 'nanochat', n: 2, temperature: 0, max_tokens: 60, logprobs: true, top_logprobs: 2 };
const chat = (content: string) => ({ ...COMMON, messages: [{ role: 'user', content }] });
const schema = {
  ...{ type: 'object', required: ['animal', 'legs'], additionalProperties: false },
  properties: { animal: { type: 'string' }, legs: { type: 'integer' } },
};
const ANSWERS = [
  { body: { ...chat('A fox?'), stop: [' never more'] }, texts: ['The fox 🦊 has eggs new,', 'Eggs 🦊'] },
  {
    body: {
      ...chat('Some JSON?'),
      response_format: { type: 'json_schema', json_schema: { name: 'animal', schema, strict: true } },
    },
    texts: ['{"animal":"fox 🦊","legs":4}', '{"animal":"🦊🦊 née","legs":12}'],
  },
];

let gateway: GatewayProcess;
const engine = new RecitingEngine(SCRIPT);

afterEach(() => gateway.end(), DEADLINE_MS);
afterAll(() => engine.remove());

/** One stream on the wire; its seed is the token at which the engine holds it, once told to. */
class Stream {
  readonly whole: Promise<string>;
  private text = '';

  constructor(
    readonly at: number,
    readonly index: number,
  ) {
    this.whole = this.read();
  }

  /** Whether the client has all tokens up to the index, of each choice that is so long. */
  get held(): boolean {
    const { counts, over } = progressOf(dataOf(this.text.slice(0, this.text.lastIndexOf('\n\n') + 2)));
    return counts.every((count, choice) => over[choice] || count === this.index);
  }

  private async read(): Promise<string> {
    const answer = await fetch(`${gateway.address}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...ANSWERS[this.at]!.body,
        ...{ seed: this.index, stream: true, stream_options: { include_usage: true }, return_token_ids: true },
      }),
    });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) this.text += part.value;
    return this.text;
  }
}

const dataOf = (text: string): Chunk[] =>
  text
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice('data: '.length)) as Chunk);

function progressOf(chunks: readonly Chunk[]) {
  const [counts, over, texts] = [
    [0, 0],
    [false, false],
    ['', ''],
  ];
  for (const { index, token_ids, finish_reason, delta } of chunks.flatMap(({ choices }) => choices)) {
    counts[index]! += token_ids?.length ?? 0;
    texts[index]! += delta.content ?? '';
    if (finish_reason !== null) over[index] = true;
  }
  return { counts, over, texts };
}

/** Its events but for names and times. Which of two choices goes first in a step may differ; each has its own order. */
function eventsOf(whole: string): Chunk[] {
  const chunks = chunksOf(whole).map((chunk) => ({ ...chunk, id: '', created: 0 }));
  return chunks.toSorted((a, b) => (a.choices[0]?.index ?? 9) - (b.choices[0]?.index ?? 9));
}

async function undisturbed(): Promise<Chunk[][]> {
  engine.hold(null);
  return Promise.all(ANSWERS.map(async (_, at) => eventsOf(await new Stream(at, 0).whole)));
}

/** Holds a stream at each of these indexes, of each answer that is so long, and kills the engine of all. */
async function killed(indexes: readonly number[], whole: readonly Chunk[][]): Promise<void> {
  const { pid } = await gateway.engine();
  engine.hold(pid);
  const lengths = whole.map((chunks) => progressOf(chunks).counts);
  const places = lengths.flatMap((counts, at) =>
    indexes.filter((index) => index < Math.max(...counts)).map((index) => ({ at, index })),
  );
  const streams = places.map(({ at, index }) => new Stream(at, index));
  const open = places.flatMap(({ at, index }) => lengths[at]!.filter((count) => index < count)).length;
  await until('each stream is held at its index', async () =>
    streams.every(({ held }) => held) && (await gateway.engine()).running === open ? true : null,
  );
  process.kill(pid, 'SIGKILL');
  for (const { at, index, whole: text } of streams) {
    expect({ at, index, events: eventsOf(await text) }).toEqual({ at, index, events: whole[at] });
  }
  expect((await Exposition.of(gateway.address)).get('nanochat:resumes_total')).toBe(streams.length);
  expect((await gateway.engine()).pid).not.toBe(pid);
}

it(
  'kill -9 at every token index of an answer changes none of its events',
  async () => {
    gateway = await start();
    const whole = await undisturbed();
    expect(whole.map((chunks) => progressOf(chunks).texts)).toEqual(ANSWERS.map(({ texts }) => texts));
    const most = Math.max(...whole.flatMap((chunks) => progressOf(chunks).counts));
    const indexes = Array.from({ length: most }, (_, index) => index);
    await killed(indexes, whole);
    // KILLS=each: also a kill for each index alone, with a server of its own, whose limit of early deaths would end this.
    if (process.env['KILLS'] !== 'each') return;
    for (const index of indexes) {
      await gateway.end();
      gateway = await start();
      await killed([index], whole);
    }
  },
  10 * DEADLINE_MS,
);

const start = (): Promise<GatewayProcess> =>
  GatewayProcess.start({
    ...{ INFERENCE_SERVER_PATH: engine.path, BATCH_INVARIANT: 'on', MAX_RUNNING: '256', CACHE_TOKENS: '32768' },
  });
