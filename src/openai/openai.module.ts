import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ErrorDialects } from './error-dialects.js';
import { OpenAnswers } from './open-answers.js';
import { OpenAIExceptionFilter } from './openai-exception.filter.js';

@Module({
  providers: [{ provide: APP_FILTER, useClass: OpenAIExceptionFilter }, OpenAnswers, ErrorDialects],
  exports: [OpenAnswers, ErrorDialects],
})
export class OpenAIModule {}
