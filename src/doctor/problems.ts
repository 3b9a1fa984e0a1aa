import { findCudaProblem } from '../workers/devices/choose-devices.js';
import type { Diagnosis, Patient } from './report.js';

/** Something that is wrong, and the one thing that mends it. */
export interface Problem {
  readonly message: string;
  readonly hint: string;
  readonly fatal: boolean; // nothing works until it is mended
}

const FEW_FILES = 1024;
const LITTLE_DISK_BYTES = 1e9;
const LITTLE_MEMORY_BYTES = 1.5e9;

type Facts = Omit<Diagnosis, 'ok' | 'problems'>;

export function problemsOf(facts: Facts, patient: Patient & { failures: readonly string[] }): Problem[] {
  return [
    ...libraryProblems(facts, patient.failures),
    ...gpuProblems(facts),
    ...folderProblems(facts),
    ...machineProblems(facts),
    ...modelProblems(facts, patient),
  ];
}

function libraryProblems({ versions, providers }: Facts, failures: readonly string[]): Problem[] {
  const problems = failures.map((reason) => ({
    message: `A library cannot be loaded: ${reason}.`,
    hint: 'Install again with `npm ci` (or `npm install -g preannotate`) on this very system; it needs glibc 2.28 or newer.',
    fatal: true,
  }));
  const cpu = providers.find(({ name }) => name === 'cpu');
  if (failures.length === 0 && cpu?.started !== true) {
    const reason = cpu?.reason ?? 'ONNX Runtime does not list it';
    const hint = 'Install again with `npm ci`, and check that memory is left.';
    problems.push({ message: `The CPU provider does not start: ${reason}.`, hint, fatal: true });
  }
  if (!versions.nodeSupported) {
    const message = `Node ${versions.node} is older than 20.19.`;
    problems.push({ message, hint: 'Install Node 20.19 or newer.', fatal: true });
  }
  return problems;
}

function gpuProblems({ cuda, gpus, providers }: Facts): Problem[] {
  const problems: Problem[] = [];
  const wanted = gpus.files.some((file) => file.includes('nvidia') || file.includes('dxg'));
  const unmet = wanted && cuda !== undefined ? findCudaProblem(cuda) : undefined;
  if (unmet !== undefined) problems.push({ ...unmet, fatal: false });
  else if (wanted) {
    const state = providers.find(({ name }) => name === 'cuda');
    if (state?.started === false)
      problems.push({ message: `CUDA does not start: ${state.reason!}.`, hint: 'Use --device cpu.', fatal: false });
  }
  const webgpu = providers.find(({ name }) => name === 'webgpu');
  if (webgpu?.started === false && gpus.files.some((file) => file.includes('/dri/'))) {
    const message = `There is a GPU, and WebGPU does not start: ${webgpu.reason!}.`;
    problems.push({ message, hint: 'Install its Vulkan driver (apt: mesa-vulkan-drivers, libvulkan1).', fatal: false });
  }
  return problems;
}

function folderProblems({ caches }: Facts): Problem[] {
  return caches.flatMap(({ path, purpose, writable, freeBytes }) => {
    const problems: Problem[] = [];
    if (!writable) {
      const hint = 'Make it writable, or name another with XDG_CACHE_HOME (HF_HOME for models).';
      problems.push({ message: `${path} (${purpose}) cannot be written.`, hint, fatal: false });
    }
    if (freeBytes !== undefined && freeBytes < LITTLE_DISK_BYTES) {
      const message = `Only ${(freeBytes / 1e6).toFixed(0)} MB are free where ${path} is.`;
      problems.push({
        message,
        hint: 'Free some, or name another folder with XDG_CACHE_HOME or HF_HOME.',
        fatal: false,
      });
    }
    return problems;
  });
}

function machineProblems({ machine }: Facts): Problem[] {
  const problems: Problem[] = [];
  if (machine.openFiles !== undefined && machine.openFiles < FEW_FILES) {
    const message = `A process may open ${machine.openFiles} files only.`;
    problems.push({ message, hint: `Raise it with \`ulimit -n ${FEW_FILES}\`.`, fatal: false });
  }
  if (machine.memoryBytes.allowed < LITTLE_MEMORY_BYTES) {
    const message = `This process may use ${(machine.memoryBytes.allowed / 1e6).toFixed(0)} MB of memory.`;
    problems.push({ message, hint: 'Allow more, or use --workers-per-device 1 and a base model.', fatal: false });
  }
  return problems;
}

function modelProblems({ model }: Facts, { modelNamed }: Patient): Problem[] {
  if (model.found || model.hint === undefined) return [];
  return [{ message: model.detail, hint: model.hint, fatal: modelNamed }];
}
