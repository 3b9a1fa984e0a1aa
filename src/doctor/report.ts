import type { Device } from '../core/device.js';
import { deviceName } from '../core/device.js';
import { readCudaState, type CudaState } from '../workers/devices/cuda.js';
import { chooseDevices, findCudaProblem } from '../workers/devices/choose-devices.js';
import { probeDevice, probeLibrary, type FromProbe } from '../workers/devices/probe.js';
import { describeCaches, type CacheFolder } from './folders.js';
import { describeGpus, type Gpus } from './gpus.js';
import { describeMachine, type Machine } from './machine.js';
import { describeModel, type ModelStatus } from './model-status.js';
import { problemsOf, type Problem } from './problems.js';
import { describeVariables } from './variables.js';

/** Everything that `preannotate doctor` finds out. */
export interface Diagnosis {
  readonly ok: boolean; // the tool can work: the CPU starts, and the model asked for is there
  readonly versions: Versions;
  readonly machine: Machine;
  readonly providers: readonly ProviderState[];
  readonly auto: { readonly devices: readonly string[]; readonly why: string | undefined };
  readonly gpus: Gpus;
  readonly cuda: CudaState | undefined; // on Linux
  readonly caches: readonly CacheFolder[];
  readonly model: ModelStatus;
  readonly environment: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}

export interface Versions {
  readonly preannotate: string;
  readonly node: string;
  readonly nodeSupported: boolean;
  readonly onnxruntime: string | undefined;
  readonly sharp: string | undefined;
  readonly libvips: string | undefined;
}

/** One of ONNX Runtime's providers, and whether a session starts on it. */
export interface ProviderState {
  readonly name: string;
  readonly started: boolean;
  readonly openMs?: number;
  readonly reason?: string; // why it did not start
}

export interface Patient {
  readonly version: string; // of preannotate
  readonly model: string; // reference
  readonly modelNamed: boolean; // asked for, not the default
}

/** Node 20.19 is the first that loads ES modules from CommonJS, which dependencies do. */
const NODE = { major: 20, minor: 19 };

/** Looks at everything that a run needs. Starts child processes, and changes nothing. */
export async function diagnose(patient: Patient): Promise<Diagnosis> {
  const [runtime, images] = await Promise.all([probeLibrary('runtime'), probeLibrary('images')]);
  const facts = {
    versions: versionsOf(patient, runtime, images),
    machine: describeMachine(),
    providers: await tryProviders(runtime),
    auto: await automaticChoice(),
    gpus: await describeGpus(),
    cuda: process.platform === 'linux' ? readCudaState(process.env) : undefined,
    caches: await describeCaches(),
    model: await describeModel(patient.model),
    environment: describeVariables(process.env),
  };
  const failures = [runtime, images].flatMap((result) => (result.ok ? [] : [result.reason]));
  const problems = problemsOf(facts, { ...patient, failures });
  return { ok: problems.every(({ fatal }) => !fatal), ...facts, problems };
}

function versionsOf({ version }: Patient, runtime: FromProbe<'runtime'>, images: FromProbe<'images'>): Versions {
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

/** One after another: two that start at once disturb each other's times. */
async function tryProviders(runtime: FromProbe<'runtime'>): Promise<ProviderState[]> {
  const names = runtime.ok ? runtime.facts.providers.map(({ name }) => name) : ['cpu'];
  const states: ProviderState[] = [];
  for (const name of names) {
    const tried = await tryProvider(name);
    if (tried.ok) states.push({ name, started: true, openMs: Math.round(tried.facts.openMs) });
    else states.push({ name, started: false, reason: tried.reason.replace(/^.{0,40} cannot be used: /, '') });
  }
  return states;
}

/** What cannot start, as the disk tells already, is not tried: the loader's own words say less. */
function tryProvider(name: string): Promise<FromProbe<'device'>> {
  const optimizer = name === 'tensorrt' ? 'tensorrt' : 'onnxrt';
  if (name !== 'cuda' && name !== 'tensorrt') return probeDevice({ provider: name } as Device, optimizer);
  const problem = findCudaProblem(readCudaState(process.env), optimizer);
  if (problem !== undefined) return Promise.resolve({ ok: false, reason: problem.message });
  return probeDevice({ provider: 'cuda' }, optimizer);
}

async function automaticChoice(): Promise<Diagnosis['auto']> {
  const { devices, why } = await chooseDevices('auto', { optimizer: 'onnxrt', precision: 'fp32' });
  return { devices: devices.map(deviceName), why };
}
