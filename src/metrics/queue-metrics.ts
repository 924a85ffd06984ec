import { Injectable } from '@nestjs/common';
import { AdmissionQueue } from '../admission/admission.queue.js';
import { MetricRegistry } from './metric-registry.js';

@Injectable()
export class QueueMetrics {
  constructor(registry: MetricRegistry, queue: AdmissionQueue) {
    registry.gauge({ name: 'num_requests_running', help: 'Requests that are with a worker' }, (gauge) =>
      gauge.set(queue.status.running),
    );
    registry.gauge({ name: 'num_requests_waiting', help: "Requests in the server's queue" }, (gauge) =>
      gauge.set(queue.status.waiting),
    );
    registry.gauge({ name: 'max_num_seqs', help: 'Choices that the workers take at once' }, (gauge) =>
      gauge.set(queue.status.capacity),
    );
  }
}
