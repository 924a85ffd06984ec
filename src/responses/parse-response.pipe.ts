import { Injectable, type PipeTransform } from '@nestjs/common';
import { checkLengths } from '../chat/check-lengths.js';
import { Settings } from '../config/settings.js';
import { checkDto, isObject } from '../generation/check-dto.js';
import { checkFields } from '../generation/check-fields.js';
import { invalidJson, invalidValue, missingParameter } from '../openai/error-catalogue.js';
import { CreateResponseDto, type ResponseRequest } from './create-response.dto.js';
import { constraintOf, readFormat } from './read-format.js';
import { readFunctionTools, readToolChoice } from './read-function-tools.js';
import { readInput } from './read-input.js';
import { NEUTRAL, SUPPORTED } from './request-fields.js';

/** A parsed body in, a checked request out; the first thing wrong with it is thrown, naming its field. */
@Injectable()
export class ParseResponsePipe implements PipeTransform<unknown, ResponseRequest> {
  constructor(private readonly settings: Settings) {}

  transform(body: unknown): ResponseRequest {
    if (!isObject(body)) throw invalidJson();
    const taken = checkFields(body, SUPPORTED, NEUTRAL);
    for (const name of ['model', 'input']) if (taken[name] === undefined) throw missingParameter(name);
    if (body['stream_options'] != null && taken['stream'] !== true) {
      throw invalidValue('stream_options', "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
    }
    const fields = Object.assign(new CreateResponseDto(), taken);
    checkDto(fields);
    const input = readInput(fields.input, this.settings.maxMessages);
    const instructions = { param: 'instructions', text: fields.instructions ?? '' };
    checkLengths([instructions, ...input.texts], 'input', this.settings);
    const format = readFormat(fields.text);
    const toolChoice = readToolChoice(fields.tool_choice);
    return { fields, input, format, constraint: constraintOf(format), ...readFunctionTools(fields.tools), toolChoice };
  }
}
