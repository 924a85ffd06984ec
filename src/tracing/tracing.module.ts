import { Module } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Settings } from '../config/settings.js';
import { GenerationModule } from '../generation/generation.module.js';
import { GenerationService } from '../generation/generation.service.js';

const TRACING = Symbol('TRACING');

/** Observes requests and generations for OpenTelemetry, whose SDK a server without traces never loads. */
@Module({
  imports: [GenerationModule],
  providers: [
    {
      provide: TRACING,
      inject: [Settings, HttpAdapterHost, GenerationService],
      useFactory: async (settings: Settings, host: HttpAdapterHost, generation: GenerationService) => {
        const { Tracing } = await import('./tracing.js');
        return new Tracing(settings, host, generation);
      },
    },
  ],
})
export class TracingModule {}
