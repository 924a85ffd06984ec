import { Injectable } from '@nestjs/common';
import type { Histogram } from 'prom-client';
import { GenerationService } from '../generation/generation.service.js';
import type { TokenTimes } from '../generation/token-times.js';
import { MetricRegistry } from './metric-registry.js';
import { PREFIX } from './names.js';

/** Tokens as they come. They are counted where they pass, in plain numbers, which are read at a scrape alone. */
@Injectable()
export class TokenMetrics {
  constructor(registry: MetricRegistry, { tokenTimes }: GenerationService) {
    const tokens = { name: 'generation_tokens_total', help: 'Tokens that were generated' };
    const counter = registry.counter(tokens);
    Object.assign(counter, {
      collect: () => {
        counter.reset();
        counter.inc(tokenTimes.tokens);
      },
    });
    // Of prom-client's kinds none takes counts that are already in buckets.
    registry.registerMetric(new InterTokenHistogram(tokenTimes) as unknown as Histogram);
  }
}

class InterTokenHistogram {
  readonly name = `${PREFIX}inter_token_latency_seconds`;
  readonly help = 'Time between two tokens of a generation';
  readonly type = 'histogram';
  readonly aggregator = 'sum';

  constructor(private readonly times: TokenTimes) {}

  get(): unknown {
    const { name, help, type, aggregator, times } = this;
    let sum = 0;
    const buckets = [...times.bounds, '+Inf'].map((le, i) => {
      sum += times.counts[i]!;
      return { metricName: `${name}_bucket`, labels: { le }, value: sum };
    });
    const values = [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, value: times.seconds },
      { metricName: `${name}_count`, labels: {}, value: sum },
    ];
    return { name, help, type, aggregator, values };
  }

  reset(): void {
    this.times.counts.fill(0);
    this.times.seconds = 0;
  }
}
