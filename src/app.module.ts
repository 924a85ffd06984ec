import { type DynamicModule, Module } from '@nestjs/common';
import { AdmissionModule } from './admission/admission.module.js';
import { ApiDocsModule } from './api-docs/api-docs.module.js';
import { AuthModule } from './auth/auth.module.js';
import { ChatCompletionsModule } from './chat-completions/chat-completions.module.js';
import { CompletionsModule } from './completions/completions.module.js';
import type { Settings } from './config/settings.js';
import { SettingsModule } from './config/settings.module.js';
import { HealthModule } from './health/health.module.js';
import { MessagesModule } from './messages/messages.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { ModelManagerModule } from './model-manager/model-manager.module.js';
import { ModelsModule } from './models/models.module.js';
import { OpenAIModule } from './openai/openai.module.js';
import { PythonEngineModule } from './python-engine/python-engine.module.js';
import { ResponsesModule } from './responses/responses.module.js';
import { TokenizeModule } from './tokenize/tokenize.module.js';
import { TracingModule } from './tracing/tracing.module.js';

/** The only place that knows every room. */
@Module({})
export class AppModule {
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        SettingsModule.forRoot(settings),
        OpenAIModule,
        AuthModule,
        ModelManagerModule,
        PythonEngineModule,
        AdmissionModule,
        ChatCompletionsModule,
        CompletionsModule,
        TokenizeModule,
        ResponsesModule,
        MessagesModule,
        ModelsModule,
        HealthModule,
        ...(settings.apiDocs ? [ApiDocsModule] : []),
        ...(settings.metrics ? [MetricsModule] : []),
        ...(settings.otlpEndpoint === null ? [] : [TracingModule]),
      ],
    };
  }
}
