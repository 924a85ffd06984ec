import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import type { Settings } from '../config/settings.js';
import { RequestRecord } from '../openai/request-record.js';
import type { AnswerIdentity } from './answer-identity.js';
import { collectAnswer, type Collector } from './collect-answer.js';
import { GenerationRecord } from './generation-record.js';
import { type AnswerWriter, streamAnswer } from './stream-answer.js';

/** Where an answer goes. */
export interface Destination {
  request: FastifyRequest;
  reply: FastifyReply;
  settings: Settings;
}

/** A dialect's two ways to tell an answer; only the one that was asked for is made. */
export interface Telling<Event> {
  writer: () => AnswerWriter<Event>;
  collector: () => Collector<Event, object>;
}

/** The record of a generation of `n` choices that answers a request; the request's line in the log tells of it. */
export function openRecord(
  request: FastifyRequest,
  { id, model }: AnswerIdentity,
  { stream, n = 1 }: { stream?: boolean | null | undefined; n?: number },
): GenerationRecord {
  const http = RequestRecord.of(request.raw);
  const record = new GenerationRecord(id, model, stream ?? false, n, http);
  http.describe(() => record.fields);
  return record;
}

/** Sends the events as a stream or as one object; rejects with what can still be told by a status. */
export async function sendAnswer<Event extends { type: string }>(
  { request, reply, settings }: Destination,
  record: GenerationRecord,
  events: Observable<Event>,
  { writer, collector }: Telling<Event>,
): Promise<void> {
  if (record.stream) return streamAnswer(events, writer, request, reply, settings, record);
  const answer = await collectAnswer(events, collector(), request);
  if (answer !== null) await reply.send(answer);
}
