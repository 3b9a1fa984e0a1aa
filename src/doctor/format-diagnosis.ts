import { basename } from 'node:path';
import { printable } from '../core/text.js';
import type { Diagnosis, ProviderState } from './diagnosis.js';

/** The report for people: the state of the machine, then what is wrong and how to fix it. */
export function formatDiagnosis(diagnosis: Diagnosis): string {
  const { environment, problems } = diagnosis;
  const sections: [title: string, lines: readonly string[]][] = [
    ['Versions', versionLines(diagnosis)],
    ['Machine', machineLines(diagnosis)],
    ['Devices', deviceLines(diagnosis)],
    ['Caches', cacheLines(diagnosis)],
    ['Model', [modelLine(diagnosis)]],
    ['Environment', Object.entries(environment).map(([name, value]) => `${name}=${value}`)],
    ['Problems', problems.map(({ message, hint }) => `- ${message} ${hint}`)],
  ];
  const conclusion = diagnosis.ok ? 'preannotate works here.' : 'preannotate does not work here until this is fixed.';
  const shown = sections.filter(([, lines]) => lines.length > 0);
  const blocks = shown.map(([title, lines]) => [title, ...lines.map((line) => `  ${printable(line)}`)].join('\n'));
  return `${[...blocks, conclusion].join('\n\n')}\n`;
}

function versionLines({ versions }: Diagnosis): string[] {
  const { preannotate, node, nodeSupported, onnxruntime, sharp, libvips } = versions;
  const missing = 'does not load';
  return [
    `preannotate ${preannotate}, Node ${node}${nodeSupported ? '' : ' (not supported)'}`,
    `ONNX Runtime ${onnxruntime ?? missing}, sharp ${sharp ?? missing}, libvips ${libvips ?? missing}`,
  ];
}

function machineLines({ machine }: Diagnosis): string[] {
  const { cpu, features, cores, memoryBytes, openFiles, platform } = machine;
  const memory = `${gigabytes(memoryBytes.allowed)} of ${gigabytes(memoryBytes.all)}`;
  return [
    `${platform}, ${cpu}${features.length === 0 ? '' : ` (${features.join(' ')})`}`,
    `${cores.allowed} of ${cores.all} cores, ${memory} memory allowed`,
    ...(openFiles === undefined ? [] : [`${openFiles} open files allowed`]),
  ];
}

function deviceLines({ providers, auto, gpus, cuda }: Diagnosis): string[] {
  const { loader, drivers } = gpus.vulkan;
  return [
    ...providers.flatMap(providerLines),
    `--device auto: ${auto.devices.join(', ')}${auto.why === undefined ? '' : ` (${auto.why})`}`,
    ...(gpus.files.length === 0 ? ['no GPU device files'] : [`GPU device files: ${gpus.files.join(' ')}`]),
    ...gpus.nvidia,
    ...(cuda === undefined ? [] : [cudaLine(cuda)]),
    `Vulkan: ${loader ?? 'no loader (libvulkan.so.1)'}; drivers: ${drivers.map(driverName).join(', ') || 'none'}`,
  ];
}

/** /usr/share/vulkan/icd.d/intel_icd.x86_64.json -> intel */
function driverName(manifest: string): string {
  return basename(manifest).replace(/(?:_icd)?(?:\.\w+)?\.json$/, '');
}

function providerLines({ name, started, openMs, reason, detail }: ProviderState): string[] {
  if (started) return [`${name}: starts (${openMs!} ms)`];
  return [`${name}: does not start: ${reason!}`, ...(detail === undefined ? [] : [`  ${detail}`])];
}

function cudaLine({ providers, driver, driverLibrary, missing }: NonNullable<Diagnosis['cuda']>): string {
  const lacking = [...missing.cuda, ...missing.tensorrt].map(({ name }) => name);
  return [
    `CUDA libraries of ONNX Runtime: ${providers.cuda ? 'installed' : 'not installed'}`,
    `TensorRT's: ${providers.tensorrt ? 'installed' : 'not installed'}`,
    `driver: ${driver ?? driverLibrary ?? 'none'}`,
    ...(lacking.length === 0 ? [] : [`missing: ${lacking.join(' ')}`]),
  ].join('; ');
}

function cacheLines({ caches }: Diagnosis): string[] {
  return caches.map(({ path, purpose, exists, writable, sizeBytes, freeBytes }) => {
    const size = exists ? `${(sizeBytes / 1e6).toFixed(1)} MB` : 'not created yet';
    const free = freeBytes === undefined ? '' : `, ${gigabytes(freeBytes)} free`;
    return `${path} (${purpose}): ${size}${writable ? '' : ', not writable'}${free}`;
  });
}

function modelLine({ model }: Diagnosis): string {
  if (!model.found) return model.detail;
  return `${model.reference}: ${model.detail}${model.verified ? ', verified' : ''}`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
