import {
  BadRequestException,
  InternalServerErrorException,
  NotFoundException,
  UnauthorizedException,
} from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { queueFull } from './error-catalogue.js';
import { toOpenAIError } from './to-openai-error.js';

const request = { method: 'GET', path: '/x', bodyLimitBytes: 7 };

describe('toOpenAIError', () => {
  it('passes its own kind on', () => {
    const error = queueFull(1, 2);
    expect(toOpenAIError(error, request)).toBe(error);
  });

  it('tells nothing of what nobody foresaw', () => {
    for (const failure of [
      new Error('secret'),
      new InternalServerErrorException('secret'),
      'secret',
      null,
      undefined,
    ]) {
      const error = toOpenAIError(failure, request);
      expect(error).toMatchObject({ status: 500, type: 'server_error' });
      expect(JSON.stringify(error.body)).not.toMatch(/secret/);
    }
  });

  it.each([
    [new NotFoundException(), 404],
    [new BadRequestException('bad'), 400],
    [new UnauthorizedException('who'), 401],
    [Object.assign(new Error('large'), { statusCode: 413 }), 413],
    [Object.assign(new Error('type'), { statusCode: 415 }), 415],
  ])('keeps the status of %s', (failure, status) => {
    const error = toOpenAIError(failure, request);
    expect(error).toMatchObject({ status, type: 'invalid_request_error' });
    expect(error.message).not.toBe('');
  });

  it('never has an empty message, and a code that is a string or null', () => {
    const { error } = toOpenAIError(new BadRequestException(), request).body;
    expect(error).toEqual({ message: 'Bad Request', type: 'invalid_request_error', param: null, code: null });
  });
});
