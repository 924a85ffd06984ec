import { Injectable } from '@nestjs/common';
import type { GenerationRecord } from '../generation/generation-record.js';
import { GenerationService } from '../generation/generation.service.js';
import { BoundedLabel } from './bounded-label.js';
import { MetricRegistry } from './metric-registry.js';
import { REQUEST_SECONDS, REQUEST_TOKENS } from './names.js';

/** Generations at their end: where their time went, what they took, and how they ended. */
@Injectable()
export class GenerationMetrics {
  constructor(registry: MetricRegistry, generation: GenerationService) {
    const seconds = (name: string, help: string) => registry.histogram({ name, help }, REQUEST_SECONDS);
    const counter = (name: string, help: string, ...labels: string[]) => registry.counter({ name, help, labels });
    const firstToken = seconds('time_to_first_token_seconds', 'From the coming of a request to its first token');
    const queue = seconds('request_queue_time_seconds', "In the server's queue, before a worker had it");
    const prefill = seconds('request_prefill_time_seconds', 'With a worker, until the first token');
    const decode = seconds('request_decode_time_seconds', 'From the first token to the last');
    const whole = seconds(
      'e2e_request_latency_seconds',
      'From the coming of a request to its end, of those that finished',
    );
    const tokens = (name: string, help: string) => registry.histogram({ name, help }, REQUEST_TOKENS);
    const promptSize = tokens('request_prompt_tokens', 'Tokens of the prompt of a request');
    const answerSize = tokens('request_generation_tokens', 'Tokens that were generated for a request');
    const prompts = counter('prompt_tokens_total', 'Tokens of prompts, found in the cache or computed');
    const queries = counter('prefix_cache_queries_total', 'Tokens of prompts that were looked for in the cache');
    const hits = counter('prefix_cache_hits_total', 'Tokens of prompts that were found in the cache');
    const success = counter('request_success_total', 'Choices that ended, by what ended them', 'finished_reason');
    const aborted = counter('requests_aborted_total', 'Requests that nobody wanted to the end', 'reason');
    const failed = counter('requests_failed_total', 'Requests that broke off after their first token', 'code');
    const resumes = counter('resumes_total', 'How often an answer went on after its worker had gone');
    for (const reason of ['stop', 'length', 'abort']) success.inc({ finished_reason: reason }, 0);
    for (const reason of ['client_gone', 'cut_off']) aborted.inc({ reason }, 0);
    const [reasons, codes] = [new BoundedLabel(), new BoundedLabel()];

    generation.ended$.subscribe((record) => {
      const { bornAt, startedAt, firstTokenAt, lastTokenAt, endedAt, outcome } = record;
      if (startedAt !== null) queue.observe((startedAt - bornAt) / 1000);
      if (startedAt !== null && firstTokenAt !== null && lastTokenAt !== null) {
        firstToken.observe((firstTokenAt - bornAt) / 1000);
        prefill.observe((firstTokenAt - startedAt) / 1000);
        decode.observe((lastTokenAt - firstTokenAt) / 1000);
      }
      if (record.promptTokens !== null) {
        prompts.inc(record.promptTokens);
        promptSize.observe(record.promptTokens);
      }
      if (record.cachedTokens !== null && record.promptTokens !== null) {
        queries.inc(record.promptTokens);
        hits.inc(record.cachedTokens);
      }
      if (record.resumes > 0) resumes.inc(record.resumes);
      for (const reason of record.finishReasons) success.inc({ finished_reason: reasons.of(reason) });
      if (outcome === 'finished') {
        whole.observe(((endedAt ?? bornAt) - bornAt) / 1000);
        answerSize.observe(record.completionTokens ?? 0);
      } else if (outcome === 'aborted' || outcome === 'cut_off') {
        aborted.inc({ reason: outcome === 'aborted' ? 'client_gone' : 'cut_off' });
        success.inc({ finished_reason: 'abort' }, unfinished(record));
      } else if (outcome === 'failed') failed.inc({ code: codes.of(record.errorCode ?? 'none') });
    });
  }
}

const unfinished = ({ n, finishReasons }: GenerationRecord): number => Math.max(0, n - finishReasons.length);
