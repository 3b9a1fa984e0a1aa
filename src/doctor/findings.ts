import { findCudaProblem } from '../workers/devices/choose-devices.js';
import type { Diagnosis, DiagnosisRequest, Finding } from './diagnosis.js';

const FEW_FILES = 1024;
const LITTLE_DISK_BYTES = 1e9;
const LITTLE_MEMORY_BYTES = 1.5e9;

type Facts = Omit<Diagnosis, 'ok' | 'problems'>;

export function collectFindings(facts: Facts, request: DiagnosisRequest & { failures: readonly string[] }): Finding[] {
  return [
    ...checkLibraries(facts, request.failures),
    ...checkGpus(facts),
    ...checkFolders(facts),
    ...checkMachine(facts),
    ...checkModel(facts, request),
  ];
}

function checkLibraries({ versions, providers }: Facts, failures: readonly string[]): Finding[] {
  const findings = failures.map((reason) => ({
    message: `A library cannot be loaded: ${reason}.`,
    hint: 'Reinstall with `npm ci` (or `npm install -g preannotate`) on this system; it needs glibc 2.28 or newer.',
    fatal: true,
  }));
  const cpu = providers.find(({ name }) => name === 'cpu');
  if (failures.length === 0 && cpu?.started !== true) {
    const reason = cpu?.reason ?? 'ONNX Runtime does not list it';
    const hint = 'Reinstall with `npm ci`, and check that enough memory is free.';
    findings.push({ message: `The CPU provider does not start: ${reason}.`, hint, fatal: true });
  }
  if (!versions.nodeSupported) {
    const message = `Node ${versions.node} is older than 20.19.`;
    findings.push({ message, hint: 'Install Node 20.19 or newer.', fatal: true });
  }
  return findings;
}

function checkGpus({ cuda, gpus, providers }: Facts): Finding[] {
  const findings: Finding[] = [];
  const hasNvidia = gpus.files.some((file) => file.includes('nvidia') || file.includes('dxg'));
  const problem = hasNvidia && cuda !== undefined ? findCudaProblem(cuda) : undefined;
  if (problem !== undefined) findings.push({ ...problem, fatal: false });
  else if (hasNvidia) {
    const cudaState = providers.find(({ name }) => name === 'cuda');
    if (cudaState?.started === false)
      findings.push({ message: `CUDA does not start: ${cudaState.reason!}.`, hint: 'Use --device cpu.', fatal: false });
  }
  const webgpu = providers.find(({ name }) => name === 'webgpu');
  if (webgpu?.started === false && gpus.files.some((file) => file.includes('/dri/'))) {
    const message = `There is a GPU, but WebGPU does not start: ${webgpu.reason!}.`;
    findings.push({ message, hint: 'Install its Vulkan driver (apt: mesa-vulkan-drivers, libvulkan1).', fatal: false });
  }
  return findings;
}

function checkFolders({ caches }: Facts): Finding[] {
  return caches.flatMap(({ path, purpose, writable, freeBytes }) => {
    const findings: Finding[] = [];
    if (!writable) {
      const hint = 'Make it writable, or set XDG_CACHE_HOME (HF_HOME for models) to another folder.';
      findings.push({ message: `${path} (${purpose}) is not writable.`, hint, fatal: false });
    }
    if (freeBytes !== undefined && freeBytes < LITTLE_DISK_BYTES) {
      const message = `Only ${(freeBytes / 1e6).toFixed(0)} MB are free on the disk of ${path}.`;
      findings.push({
        message,
        hint: 'Free some space, or set XDG_CACHE_HOME or HF_HOME to another folder.',
        fatal: false,
      });
    }
    return findings;
  });
}

function checkMachine({ machine }: Facts): Finding[] {
  const findings: Finding[] = [];
  if (machine.openFiles !== undefined && machine.openFiles < FEW_FILES) {
    const message = `A process may open only ${machine.openFiles} files.`;
    findings.push({ message, hint: `Raise it with \`ulimit -n ${FEW_FILES}\`.`, fatal: false });
  }
  if (machine.memoryBytes.allowed < LITTLE_MEMORY_BYTES) {
    const message = `This process may use only ${(machine.memoryBytes.allowed / 1e6).toFixed(0)} MB of memory.`;
    findings.push({ message, hint: 'Raise the limit, or use --workers-per-device 1 and a base model.', fatal: false });
  }
  return findings;
}

function checkModel({ model }: Facts, { modelNamed }: DiagnosisRequest): Finding[] {
  if (model.found || model.hint === undefined) return [];
  return [{ message: model.detail, hint: model.hint, fatal: modelNamed }];
}
