import type { Device } from '../core/device.js';
import { formatDevice } from '../core/device.js';
import { readCudaState } from '../workers/devices/cuda.js';
import { chooseDevices, findCudaProblem } from '../workers/devices/choose-devices.js';
import { probeDevice, probeLibrary, type FromProbe } from '../workers/devices/probe.js';
import { describeCaches } from './cache-folders.js';
import type { Diagnosis, DiagnosisRequest, ProviderState, Versions } from './diagnosis.js';
import { collectFindings } from './findings.js';
import { describeGpus, describeMachine } from './hardware.js';
import { describeModel } from './model-status.js';

/** Node 20.19 is the first that loads ES modules from CommonJS, which dependencies do. */
const NODE = { major: 20, minor: 19 };

const RELEVANT_PREFIXES = /^(?:PREANNOTATE|HF|HUGGINGFACE|CUDA|NVIDIA|ORT|ONNXRUNTIME|VK)_/i;
const RELEVANT_NAMES = new Set([
  ...['XDG_CACHE_HOME', 'LD_LIBRARY_PATH', 'NODE_OPTIONS', 'UV_THREADPOOL_SIZE', 'OMP_NUM_THREADS'],
  ...['SERVER_NAME', 'SERVER_PORT', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'],
]);
const SECRETS = /TOKEN|KEY|SECRET|PASSW|CREDENTIAL|AUTH/i;
const NOT_SECRET = /_PATH$|_FILE$/i; // the path of a secret is not secret

/** Checks everything that a run needs. Starts child processes, and changes nothing. */
export async function diagnose(request: DiagnosisRequest): Promise<Diagnosis> {
  const [runtime, images] = await Promise.all([probeLibrary('runtime'), probeLibrary('images')]);
  const facts = {
    versions: describeVersions(request, runtime, images),
    machine: describeMachine(),
    providers: await tryProviders(runtime, request),
    auto: await describeAutomaticChoice(),
    gpus: await describeGpus(),
    cuda: process.platform === 'linux' ? readCudaState(process.env) : undefined,
    caches: await describeCaches(),
    model: await describeModel(request),
    environment: describeVariables(process.env),
  };
  const failures = [runtime, images].flatMap((result) => (result.ok ? [] : [result.reason]));
  const problems = collectFindings(facts, { ...request, failures });
  return { ok: problems.every(({ fatal }) => !fatal), ...facts, problems };
}

function describeVersions(
  { version }: DiagnosisRequest,
  runtime: FromProbe<'runtime'>,
  images: FromProbe<'images'>,
): Versions {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return {
    preannotate: version,
    node: process.versions.node,
    nodeSupported: major > NODE.major || (major === NODE.major && minor >= NODE.minor),
    onnxruntime: runtime.ok ? runtime.facts.version : undefined,
    sharp: images.ok ? images.facts.sharp : undefined,
    libvips: images.ok ? images.facts.vips : undefined,
  };
}

/** One after another: providers that start at the same time would distort each other's timings. */
async function tryProviders(runtime: FromProbe<'runtime'>, { verbose }: DiagnosisRequest): Promise<ProviderState[]> {
  const names = runtime.ok ? runtime.facts.providers.map(({ name }) => name) : ['cpu'];
  const states: ProviderState[] = [];
  for (const name of names) {
    const tried = await tryProvider(name);
    if (tried.ok) states.push({ name, started: true, openMs: Math.round(tried.facts.openMs) });
    else {
      const reason = tried.reason.replace(/^.{0,40} cannot be used: /, '').replace(/\.$/, '');
      const detail = verbose && tried.detail !== undefined ? { detail: tried.detail } : {};
      states.push({ name, started: false, reason, ...detail });
    }
  }
  return states;
}

/** A provider whose libraries are missing is not tried: the loader's message would be less helpful. */
function tryProvider(name: string): Promise<FromProbe<'device'>> {
  const optimizer = name === 'tensorrt' ? 'tensorrt' : 'onnxrt';
  if (name !== 'cuda' && name !== 'tensorrt') return probeDevice({ provider: name } as Device, optimizer);
  const problem = findCudaProblem(readCudaState(process.env), optimizer);
  if (problem !== undefined) return Promise.resolve({ ok: false, reason: problem.message });
  return probeDevice({ provider: 'cuda' }, optimizer);
}

async function describeAutomaticChoice(): Promise<Diagnosis['auto']> {
  const { devices, why } = await chooseDevices('auto', { optimizer: 'onnxrt', precision: 'fp32' });
  return { devices: devices.map(formatDevice), why };
}

/** The environment variables that affect the tool; secrets are hidden. */
function describeVariables(environment: NodeJS.ProcessEnv): Record<string, string> {
  const found = Object.entries(environment).filter(
    ([name]) => RELEVANT_PREFIXES.test(name) || RELEVANT_NAMES.has(name.toUpperCase()),
  );
  return Object.fromEntries(found.sort().map(([name, value = '']) => [name, hideSecrets(name, value)]));
}

function hideSecrets(name: string, value: string): string {
  if (SECRETS.test(name) && !NOT_SECRET.test(name) && value !== '') return '(set, hidden)';
  return value.replaceAll(/\/\/[^/\s@]*@/g, '//(hidden)@'); // user and password of a proxy
}
