import { resolve } from 'node:path';
import type { Settings } from '../../config/settings.js';
import type { WorkerShare } from '../worker-share.js';
import { joinPythonPath } from './engine-command.js';

/** What a child inherits of the gateway's environment; everything else, keys above all, stays here. */
const INHERITED: readonly string[] = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LANGUAGE', 'TZ', 'TMPDIR', 'TEMP', 'TMP'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'LD_LIBRARY_PATH', 'LD_PRELOAD', 'VIRTUAL_ENV'],
];
/** Families of variables that steer the interpreter, the mathematics and the devices. */
const FAMILIES = new RegExp(
  '^(PYTHON|PYTORCH_|TORCH|TRITON_|CUDA_|CUBLAS_|CUDNN_|NVIDIA_|NCCL_|ROCR_|HIP_|HSA_|DYLD_|OMP_|GOMP_|KMP_|MKL_|' +
    'OPENBLAS_|BLIS_|VECLIB_|NUMEXPR_|MALLOC_|HF_|TRANSFORMERS_|TOKENIZERS_|TIKTOKEN_|LC_|XDG_)',
);
/** The gateway resolves and downloads; the engine reads files and needs no key of the Hub. */
const WITHHELD = /TOKEN$|_KEY$|SECRET|PASSWORD/;

export function inheritedEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !WITHHELD.test(name) && (INHERITED.includes(name) || FAMILIES.test(name)),
    ),
  );
}

/** The settings that the engine reads, by their names in the environment. What is null is left to the engine. */
export function settingsEnvironment(settings: Settings): Record<string, string> {
  const values: Record<string, string | number | null> = {
    ENGINE_HOST: settings.engineHost,
    LOG_LEVEL: settings.logLevel,
    DTYPE: settings.dtype,
    BATCH_INVARIANT: settings.batchInvariant,
    KERNELS: settings.kernels,
    QUANTIZATION: settings.quantization,
    MAX_RUNNING: settings.maxRunning,
    CACHE_TOKENS: settings.cacheTokens,
    CACHE_MEMORY_SHARE: settings.cacheMemoryShare,
    PREFIX_CACHE: settings.prefixCache,
    STEP_TOKENS: settings.stepTokens,
    MODEL_GENERATION: settings.modelGeneration,
    MODEL_WINDOW_PATTERN: settings.modelWindowPattern,
    MODEL_SOFTCAP: settings.modelSoftcap,
    MODEL_TAG: settings.modelTag,
    MODEL_STEP: settings.modelStep,
    NANOCHAT_DIR: settings.nanochatDir === null ? null : resolve(settings.nanochatDir),
    CONVERTED_COPY: settings.convertedCopy,
    MAX_MESSAGES: settings.maxMessages,
    MAX_MESSAGE_CHARS: settings.maxMessageChars,
    MAX_TOTAL_CHARS: settings.maxTotalChars,
    BODY_LIMIT_BYTES: settings.bodyLimitBytes,
    DRAIN_TIMEOUT_SECONDS: settings.drainTimeoutSeconds,
  };
  const given = Object.entries(values).filter(([, value]) => value !== null);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

/** Who the child is and whose: drawn anew for each life. */
export interface ChildIdentity {
  token: string;
  nonce: string;
  modelId: string | null;
}

export function engineEnvironment(
  settings: Settings,
  share: WorkerShare,
  identity: ChildIdentity,
  pythonPath: string | null,
): Record<string, string> {
  const environment = inheritedEnvironment(settings.environment);
  const path = joinPythonPath(pythonPath, environment['PYTHONPATH']);
  return {
    ...environment,
    ...settingsEnvironment(settings),
    DEVICE: share.device,
    DEVICE_WORKERS: String(share.deviceWorkers),
    ...(share.threads === null ? {} : { ENGINE_THREADS: String(share.threads) }),
    ...(path === undefined ? {} : { PYTHONPATH: path }),
    ...(identity.modelId === null ? {} : { MODEL_ID: identity.modelId }),
    PYTHONUNBUFFERED: '1',
    ENGINE_TOKEN: identity.token,
    ENGINE_NONCE: identity.nonce,
    ENGINE_PARENT_PID: String(process.pid),
  };
}
