import { Module } from '@nestjs/common';
import { GenerationModule } from '../generation/generation.module.js';
import { Tracing } from './tracing.js';

/** Observes requests and generations for OpenTelemetry. It is imported only where OTEL_EXPORTER_OTLP_ENDPOINT is set. */
@Module({ imports: [GenerationModule], providers: [Tracing] })
export class TracingModule {}
