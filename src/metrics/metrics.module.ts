import { Module } from '@nestjs/common';
import { AdmissionModule } from '../admission/admission.module.js';
import { GenerationModule } from '../generation/generation.module.js';
import { PythonEngineModule } from '../python-engine/python-engine.module.js';
import { GenerationMetrics } from './generation-metrics.js';
import { HttpMetrics } from './http-metrics.js';
import { MetricRegistry } from './metric-registry.js';
import { MetricsController } from './metrics.controller.js';
import { QueueMetrics } from './queue-metrics.js';
import { TokenMetrics } from './token-metrics.js';
import { WorkerMetrics } from './worker-metrics.js';

/** Observes the other rooms for Prometheus. None of them knows it. */
@Module({
  imports: [AdmissionModule, GenerationModule, PythonEngineModule],
  controllers: [MetricsController],
  providers: [MetricRegistry, QueueMetrics, TokenMetrics, GenerationMetrics, WorkerMetrics, HttpMetrics],
})
export class MetricsModule {}
