import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { LoggerService } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { map } from 'rxjs';
import { AdmissionQueue } from './admission/admission.queue.js';
import { Drain } from './admission/drain.js';
import { addEarlyRefusal } from './admission/early-refusal.js';
import { RateLimits } from './admission/rate-limits.js';
import { addRequestLimit } from './admission/request-limit.js';
import { AppModule } from './app.module.js';
import { addAuthentication } from './auth/authentication.js';
import { checkAccess } from './auth/check-access.js';
import { KeyRing } from './auth/key-ring.js';
import type { Settings } from './config/settings.js';
import { addHostCheck, allowedHosts } from './openai/allowed-hosts.js';
import { addAnswerHeaders } from './openai/answer-headers.js';
import { answerClientError, answerExpectation, answerFrameworkError } from './openai/broken-requests.js';
import { limitConnections } from './openai/connection-limit.js';
import { addCrossOrigin } from './openai/cross-origin.js';
import { addJsonBody } from './openai/json-body.js';
import { addEarlyAnswers } from './openai/early-answers.js';
import { OpenAnswers } from './openai/open-answers.js';
import { requestIdOf } from './openai/request-id.js';
import { addRequestLog } from './openai/request-log.js';
import { addUnknownRoutes } from './openai/unknown-routes.js';
import { WorkerPool } from './python-engine/worker-pool.js';

const KEEP_ALIVE_MS = 75_000; // longer than the 60 s of the usual proxy, so that it never meets a connection just closed
const HEADERS_MS = 15_000;
const REQUEST_MS = 60_000;

/** The gateway, wired and not yet listening. The workers start when the caller says so. Throws SettingsError. */
export async function createGateway(
  settings: Settings,
  logger: LoggerService | false,
): Promise<NestFastifyApplication> {
  checkAccess(settings);
  const adapter = new FastifyAdapter({
    bodyLimit: settings.bodyLimitBytes,
    genReqId: requestIdOf,
    requestTimeout: REQUEST_MS, // to receive a request; answers may take as long as they do
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: HEADERS_MS, connectionsCheckingInterval: 5_000 },
    forceCloseConnections: true, // shutdown.ts waits for what still has to be sent
    clientErrorHandler: answerClientError,
    frameworkErrors: answerFrameworkError,
  });
  const server = adapter.getInstance<FastifyInstance>();
  limitConnections(server, settings.maxConnections);
  server.server.on('checkExpectation', answerExpectation);
  addAnswerHeaders(server);
  addEarlyAnswers(server);
  addRequestLog(server);
  addHostCheck(server, allowedHosts(settings.host, settings.allowedHosts));
  addCrossOrigin(server, settings.corsOrigins);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(settings), adapter, {
    logger,
    bodyParser: false,
    abortOnError: false,
  });
  // Before what tells which routes there are.
  addAuthentication(server, app.get(KeyRing), settings);
  addUnknownRoutes(server);
  addRequestLimit(server, app.get(RateLimits));
  addEarlyRefusal(server, app.get(AdmissionQueue));
  addJsonBody(server, settings.jsonDepthLimit);
  app.get(OpenAnswers).watch(server);
  closeConnectionsInDrain(server, app.get(Drain));
  const queue = app.get(AdmissionQueue);
  app
    .get(WorkerPool)
    .status$.pipe(map(({ capacity }) => capacity))
    .subscribe((capacity) => queue.setCapacity(capacity));
  return app;
}

/** So that clients and balancers turn to another server while this one goes down. */
function closeConnectionsInDrain(server: FastifyInstance, drain: Drain): void {
  server.addHook('onRequest', (_request, reply, done) => {
    if (drain.draining) reply.raw.setHeader('connection', 'close');
    done();
  });
}
