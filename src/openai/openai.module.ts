import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { OpenAIExceptionFilter } from './openai-exception.filter.js';

@Module({ providers: [{ provide: APP_FILTER, useClass: OpenAIExceptionFilter }] })
export class OpenAIModule {}
