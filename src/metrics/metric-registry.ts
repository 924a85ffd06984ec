import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { PREFIX } from './names.js';

interface Named {
  /** Without the prefix. */
  name: string;
  help: string;
  labels?: readonly string[];
}

/** What /metrics shows: ours, and the process's and its event loop's by the names that Node's dashboards know. */
@Injectable()
export class MetricRegistry extends Registry {
  constructor() {
    super();
    collectDefaultMetrics({ register: this });
  }

  counter({ name, help, labels = [] }: Named): Counter {
    return new Counter({ name: PREFIX + name, help, labelNames: labels, registers: [this] });
  }

  /** `collect` sets it at each scrape. */
  gauge({ name, help, labels = [] }: Named, collect: (gauge: Gauge) => void): Gauge {
    return new Gauge({
      ...{ name: PREFIX + name, help, labelNames: labels, registers: [this] },
      collect() {
        this.reset();
        collect(this);
      },
    });
  }

  histogram({ name, help }: Named, buckets: number[]): Histogram {
    return new Histogram({ name: PREFIX + name, help, buckets, registers: [this] });
  }
}
