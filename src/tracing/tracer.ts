import type { Tracer } from '@opentelemetry/api';
import type { Settings } from '../config/settings.js';

export interface TracerOfServer {
  tracer: Tracer;
  /** Sends what is left. */
  stop(): Promise<void>;
}

/** OpenTelemetry's libraries are loaded here alone, so that a start without traces does not wait for them. */
export async function createTracer(settings: Settings): Promise<TracerOfServer> {
  const [sdk, { OTLPTraceExporter }, { defaultResource, resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({
    url: `${settings.otlpEndpoint}/v1/traces`,
    headers: Object.fromEntries(settings.otlpHeaders.map(nameAndValue)),
  });
  const root = new sdk.TraceIdRatioBasedSampler(settings.otelSampleRatio);
  const provider = new sdk.BasicTracerProvider({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': settings.otelServiceName })),
    sampler: new sdk.ParentBasedSampler({ root }),
    // Bounded: a collector that is slow or gone costs spans, never memory or a request.
    spanProcessors: [new sdk.BatchSpanProcessor(exporter, { maxQueueSize: 4096, scheduledDelayMillis: 1000 })],
  });
  return { tracer: provider.getTracer('nanochat-gateway'), stop: () => provider.shutdown() };
}

function nameAndValue(header: string): [string, string] {
  const at = header.indexOf('=');
  return [header.slice(0, at).trim(), decoded(header.slice(at + 1).trim())];
}

/** Values may be percent-encoded, as OpenTelemetry has it; one that is not stands for itself. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
