import {
  ChoiceVariable,
  FlagVariable,
  IntegerVariable,
  ListVariable,
  NumberVariable,
  TextVariable,
} from './variable.decorator.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
const HTTP_URL = /^https?:\/\/[^\s/@]+(\/[^\s?#]*)?$/;
const HOST = /^[A-Za-z0-9._:-]{1,253}$/;
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/;
const ORIGIN = /^(\*|https?:\/\/[A-Za-z0-9.:[\]-]{1,260})$/;
const upper = (text: string): string => text.toUpperCase();
const withoutSlash = (text: string): string => text.replace(/\/+$/, '');
const lower = (text: string): string => text.toLowerCase();

/**
 * Every setting of the gateway, read once, in bounds and frozen. What is null was not given and is decided later.
 * `.env.example` says what each does; seconds may be fractions, sizes are in bytes, lengths in characters.
 */
export class Settings {
  // Where we listen.
  @TextVariable('HOST', HOST, 'is not a host name or an address')
  readonly host: string = '127.0.0.1';
  @IntegerVariable('PORT', 0, 65_535)
  readonly port: number = 3080;
  @ListVariable('ALLOWED_HOSTS', HOST, 'must be host names separated by commas')
  readonly allowedHosts: readonly string[] = Object.freeze([]);
  @IntegerVariable('BODY_LIMIT_BYTES', 1024, 2 ** 30)
  readonly bodyLimitBytes: number = 2 ** 20;

  @IntegerVariable('JSON_DEPTH_LIMIT', 8, 1000)
  readonly jsonDepthLimit: number = 64;
  @IntegerVariable('MAX_CONNECTIONS', 1, 1_000_000)
  readonly maxConnections: number = 4096;
  @ListVariable('CORS_ORIGINS', ORIGIN, 'must be * or origins such as https://app.example, separated by commas')
  readonly corsOrigins: readonly string[] = Object.freeze([]);

  // Who may ask, and how often.
  @ListVariable('API_KEYS', /^\S+$/, 'holds spaces', 1024)
  readonly apiKeys: readonly string[] = Object.freeze([]);
  @TextVariable('API_KEYS_FILE')
  readonly apiKeysFile: string | null = null;
  @FlagVariable('ALLOW_ANONYMOUS')
  readonly allowAnonymous: boolean = false;
  @FlagVariable('METRICS_PUBLIC')
  readonly metricsPublic: boolean = false;
  @FlagVariable('DOCS_PUBLIC')
  readonly docsPublic: boolean = false;
  @IntegerVariable('RATE_LIMIT_REQUESTS', 1, 1e9)
  readonly rateLimitRequests: number | null = null;
  @IntegerVariable('RATE_LIMIT_TOKENS', 1, 1e9)
  readonly rateLimitTokens: number | null = null;
  @TextVariable('REDIS_URL', /^rediss?:\/\/\S+$/, 'is not an address such as redis://host:6379')
  readonly redisUrl: string | null = null;

  // Which model.
  @TextVariable('MODEL')
  readonly model: string = 'embedded';
  @TextVariable('MODEL_SOURCE', /^(base|mid|sft|rl)$/, 'is none of base, mid, sft, rl', lower)
  readonly modelSource: 'base' | 'mid' | 'sft' | 'rl' | null = null;
  @TextVariable('MODEL_GENERATION', /^[A-Za-z0-9.-]{1,32}$/, 'is not the name of a generation')
  readonly modelGeneration: string | null = null;
  @TextVariable('MODEL_WINDOW_PATTERN', /^[SL]{1,256}$/, 'must be made of S and L', upper)
  readonly modelWindowPattern: string | null = null;
  @NumberVariable('MODEL_SOFTCAP', 0.1, 1e4)
  readonly modelSoftcap: number | null = null;
  @TextVariable('MODEL_TAG', /^[A-Za-z0-9._-]{1,128}$/, 'is not a tag')
  readonly modelTag: string | null = null;
  @IntegerVariable('MODEL_STEP', 0, 1e9)
  readonly modelStep: number | null = null;
  @ListVariable('MODEL_ALIASES', MODEL_NAME, 'must be names of letters, digits and . _ : / - separated by commas', 32)
  readonly modelAliases: readonly string[] = Object.freeze([]);
  @TextVariable('NANOCHAT_DIR')
  readonly nanochatDir: string | null = null;
  @ChoiceVariable('CONVERTED_COPY', ['on', 'off'])
  readonly convertedCopy: 'on' | 'off' = 'on';
  @TextVariable('NANOCHAT_BASE_DIR')
  readonly nanochatBaseDir: string | null = null;

  // Where it comes from; names that start with HF_ are the Hub's own.
  @TextVariable('HF_ENDPOINT', HTTP_URL, 'is not an http or https address', withoutSlash)
  readonly hfEndpoint: string = 'https://huggingface.co';
  @TextVariable('HF_TOKEN')
  readonly hfToken: string | null = null;
  @TextVariable('HF_TOKEN_PATH')
  readonly hfTokenPath: string | null = null;
  @TextVariable('HF_HOME')
  readonly hfHome: string | null = null;
  @TextVariable('HF_HUB_CACHE')
  readonly hfHubCache: string | null = null;
  @FlagVariable('HF_HUB_OFFLINE')
  readonly hfHubOffline: boolean = false;
  @IntegerVariable('HUB_CONCURRENCY', 1, 16)
  readonly hubConcurrency: number = 4;
  @IntegerVariable('HUB_RETRIES', 0, 100)
  readonly hubRetries: number = 5;
  @NumberVariable('HUB_RETRY_SECONDS', 0.01, 60)
  readonly hubRetrySeconds: number = 1;
  @NumberVariable('HUB_STALL_SECONDS', 0.05, 3600)
  readonly hubStallSeconds: number = 30;

  // How it is computed.
  @TextVariable('DEVICE', /^(auto|cpu|mps|cuda(:\d{1,3})?)$/, 'is none of auto, cpu, cuda, cuda:N, mps', lower)
  readonly device: string = 'auto';
  @IntegerVariable('WORKERS', 1, 64)
  readonly workers: number | null = null;
  @ListVariable('DEVICES', /^(cpu|mps|cuda(:\d{1,3})?)$/i, 'holds what is none of cpu, cuda, cuda:N, mps', 64)
  readonly devices: readonly string[] = [];
  @ChoiceVariable('DTYPE', ['auto', 'bfloat16', 'float32'], { bf16: 'bfloat16', fp32: 'float32' })
  readonly dtype: 'auto' | 'bfloat16' | 'float32' = 'auto';
  @ChoiceVariable('BATCH_INVARIANT', ['auto', 'on', 'off'])
  readonly batchInvariant: 'auto' | 'on' | 'off' = 'auto';
  @ChoiceVariable('KERNELS', ['auto', 'native', 'torch', 'avx512', 'avx2', 'generic'])
  readonly kernels: 'auto' | 'native' | 'torch' | 'avx512' | 'avx2' | 'generic' = 'auto';
  @ChoiceVariable('QUANTIZATION', ['none', 'int8', 'int4'])
  readonly quantization: 'none' | 'int8' | 'int4' = 'none';
  @IntegerVariable('ENGINE_THREADS', 1, 1024)
  readonly engineThreads: number | null = null;
  @IntegerVariable('MAX_RUNNING', 1, 1024)
  readonly maxRunning: number = 16;
  @IntegerVariable('CACHE_TOKENS', 64, 2 ** 32)
  readonly cacheTokens: number | null = null;
  @NumberVariable('CACHE_MEMORY_SHARE', 0.01, 0.95)
  readonly cacheMemoryShare: number | null = null;
  @ChoiceVariable('PREFIX_CACHE', ['on', 'off'])
  readonly prefixCache: 'on' | 'off' = 'on';
  @IntegerVariable('STEP_TOKENS', 64, 65_536)
  readonly stepTokens: number | null = null;

  // The engine's process.
  @TextVariable('ENGINE_HOST', HOST, 'is not a host name or an address')
  readonly engineHost: string = '127.0.0.1';
  @IntegerVariable('ENGINE_PORT', 1, 65_535)
  readonly enginePort: number = 8081;
  @TextVariable('ENGINE_PYTHON')
  readonly enginePython: string | null = null;
  @TextVariable('INFERENCE_SERVER_PATH')
  readonly inferenceServerPath: string | null = null;
  @NumberVariable('START_TIMEOUT_SECONDS', 1, 86_400)
  readonly startTimeoutSeconds: number = 600;
  @NumberVariable('HANG_SECONDS', 0.1, 3600)
  readonly hangSeconds: number = 30;
  @NumberVariable('FIRST_TOKEN_TIMEOUT_SECONDS', 0.1, 86_400)
  readonly firstTokenTimeoutSeconds: number = 300;
  @NumberVariable('TOKEN_TIMEOUT_SECONDS', 0.1, 86_400)
  readonly tokenTimeoutSeconds: number = 60;
  @NumberVariable('REQUEST_TIMEOUT_SECONDS', 0.1, 604_800)
  readonly requestTimeoutSeconds: number = 3600;
  @IntegerVariable('WORKER_MEMORY_LIMIT_BYTES', 2 ** 20, 2 ** 50)
  readonly workerMemoryLimitBytes: number | null = null;

  // Engines that run elsewhere.
  @ListVariable('ENGINE_URLS', HTTP_URL, 'must be http or https addresses without user names, separated by commas', 64)
  readonly engineUrls: readonly string[] = Object.freeze([]);
  @TextVariable('ENGINE_API_KEY', /^[\x21-\x7e]{1,1024}$/, 'must be of 1 to 1024 printable characters without spaces')
  readonly engineApiKey: string | null = null;
  @TextVariable('ENGINE_MODEL', /^[^\s]{1,256}$/, 'must be of 1 to 256 characters without spaces')
  readonly engineModel: string | null = null;
  @IntegerVariable('ENGINE_MAX_REQUESTS', 1, 100_000)
  readonly engineMaxRequests: number | null = null;

  // What is offered beside the API.
  @FlagVariable('API_DOCS')
  readonly apiDocs: boolean = true;

  // What a request may ask for, and gets where it does not say.
  @FlagVariable('CALCULATOR')
  readonly calculator: boolean = true;
  @IntegerVariable('MAX_MESSAGES', 1, 100_000)
  readonly maxMessages: number = 500;
  @IntegerVariable('MAX_MESSAGE_CHARS', 1, 1e7)
  readonly maxMessageChars: number = 8_000;
  @IntegerVariable('MAX_TOTAL_CHARS', 1, 1e7)
  readonly maxTotalChars: number = 32_000;

  // What is kept of answers.
  @IntegerVariable('RESPONSES_STORE_COUNT', 0, 1e6)
  readonly responsesStoreCount: number = 1000;
  @IntegerVariable('RESPONSES_STORE_BYTES', 0, 2 ** 36)
  readonly responsesStoreBytes: number = 64 * 2 ** 20;

  // Waiting, and going down.
  @IntegerVariable('QUEUE_LIMIT', 0, 100_000)
  readonly queueLimit: number = 128;
  @IntegerVariable('QUEUE_TOKEN_LIMIT', 1, 1e9)
  readonly queueTokenLimit: number = 524_288;
  @NumberVariable('QUEUE_TIMEOUT_SECONDS', 0.1, 3600)
  readonly queueTimeoutSeconds: number = 60;
  @IntegerVariable('RESUME_TRIES', 0, 100)
  readonly resumeTries: number = 3;
  @NumberVariable('RESUME_WAIT_SECONDS', 0.1, 3600)
  readonly resumeWaitSeconds: number = 60;
  @NumberVariable('DRAIN_DELAY_SECONDS', 0, 3600)
  readonly drainDelaySeconds: number = 0;
  @NumberVariable('DRAIN_TIMEOUT_SECONDS', 0, 3600)
  readonly drainTimeoutSeconds: number = 30;

  // Streams; not for every day, but a test must not wait for ten seconds.
  @NumberVariable('PING_SECONDS', 0.05, 60)
  readonly pingSeconds: number = 10;
  @IntegerVariable('CLIENT_BUFFER_BYTES', 1024, 2 ** 30)
  readonly clientBufferBytes: number = 2 ** 20;
  @NumberVariable('CLIENT_STALL_SECONDS', 0.05, 3600)
  readonly clientStallSeconds: number = 30;

  // Logs of both processes.
  @ChoiceVariable('LOG_LEVEL', LOG_LEVELS, { warning: 'warn', critical: 'fatal', verbose: 'debug' })
  readonly logLevel: (typeof LOG_LEVELS)[number] = 'info';
  @ChoiceVariable('LOG_FORMAT', ['auto', 'json', 'pretty'])
  readonly logFormat: 'auto' | 'json' | 'pretty' = 'auto';
  @FlagVariable('LOG_CONTENT')
  readonly logContent: boolean = false;

  // Measures and traces; names that start with OTEL_ are OpenTelemetry's own.
  @FlagVariable('METRICS')
  readonly metrics: boolean = true;
  @TextVariable('OTEL_EXPORTER_OTLP_ENDPOINT', HTTP_URL, 'is not an http or https address', withoutSlash)
  readonly otlpEndpoint: string | null = null;
  @ListVariable(
    'OTEL_EXPORTER_OTLP_HEADERS',
    /^[A-Za-z0-9-]{1,64}=[^\r\n]{0,4096}$/,
    'must be name=value, separated by commas',
    32,
  )
  readonly otlpHeaders: readonly string[] = Object.freeze([]);
  @TextVariable('OTEL_SERVICE_NAME', /^[\x20-\x7e]{1,128}$/, 'must be of 1 to 128 printable characters')
  readonly otelServiceName: string = 'nanochat';
  @NumberVariable('OTEL_TRACES_SAMPLER_ARG', 0, 1)
  readonly otelSampleRatio: number = 1;

  /** What was read, the `.env` file's variables included: a child inherits it. */
  readonly environment: Readonly<Record<string, string>> = Object.freeze({});
}
