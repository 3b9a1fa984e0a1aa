import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { formatDevice, type Device } from '../../core/device.js';
import { counted } from '../../core/text.js';

/**
 * On a CPU a batch only makes each image wait for the others: 5–18 % slower at 4 to 8 (compare
 * `images_per_second` in run.json with --max-batch-size 1, 4 and 8). On a GPU it fills the device.
 */
const BATCH_SIZE = { cpu: 1, other: 8 };

/** Patches in one batch, beyond which the default batch is smaller: attention alone may take gigabytes by then. */
const PATCHES_A_BATCH = 32_768;

/** More workers than this were not faster in any measurement, and each holds its own copy of the weights. */
const MAX_CPU_WORKERS = 16;

/**
 * With fewer images than this for each worker, fewer workers with more threads are done sooner: two workers that open a
 * model at once take longer to do so. OWL-ViT base/32 on two cores, one worker against two: the first result is there
 * after 1.5 s instead of 2.1 s; equal from four images on. `npm run bench -- startup` measures the first result.
 */
export const IMAGES_A_WORKER = 4;

/** A worker's memory besides the weights and the activations: Node, ONNX Runtime, images in decoding. */
const WORKER_BYTES = 300e6;

/** For each number of each patch, as measured: 18 MB at 576 patches of 768 numbers, 130 MB at 4,096 patches. */
const ACTIVATION_BYTES = 48;

/** How many processes do the work, and with how many threads each. */
export interface Placement {
  readonly devices: readonly Device[];
  readonly workersPerDevice: number;
  readonly threads: number; // of one worker
  readonly maxBatchSize: number;
}

export interface RequestedPlacement {
  readonly workersPerDevice?: number;
  readonly threads?: number;
  readonly maxBatchSize?: number;
}

/** What decides how much time and memory the work takes. */
export interface Workload {
  readonly images: number;
  readonly weightBytes: number;
  readonly patches: number; // of one input
  readonly patchWidth: number; // numbers that the model keeps of a patch
  readonly pixelsAtOnce?: number; // of the largest image, where it is kept at full size
}

/**
 * Fills in what the user left open. On a CPU one worker a core with one thread each: two of them are 12–16 % faster
 * than one with two threads, because decoding and the parts of a graph that do not scale then overlap. To measure it,
 * compare `images_per_second` in run.json of runs with --workers-per-device 2 --threads 1 and with 1 and 2.
 */
export function placeWorkers(devices: readonly Device[], requested: RequestedPlacement, work: Workload): Placement {
  const onCpu = devices.some(({ provider }) => provider === 'cpu');
  const cores = countAllowedCores();
  const largestBatch = Math.max(1, Math.floor(PATCHES_A_BATCH / work.patches));
  const maxBatchSize = requested.maxBatchSize ?? Math.min(onCpu ? BATCH_SIZE.cpu : BATCH_SIZE.other, largestBatch);
  const fitting = Math.floor(readMemoryLimit() / estimateWorkerBytes(work, maxBatchSize));
  const useful = Math.ceil(work.images / Math.max(maxBatchSize, work.pixelsAtOnce === undefined ? IMAGES_A_WORKER : 1));
  const byDefault = onCpu ? Math.min(Math.floor(cores / devices.length), MAX_CPU_WORKERS, fitting, useful) : 1;
  const workersPerDevice = Math.max(1, requested.workersPerDevice ?? byDefault);
  const threads = requested.threads ?? Math.max(1, Math.floor(cores / (workersPerDevice * devices.length)));
  return { devices, workersPerDevice, threads, maxBatchSize };
}

/** An estimate of the memory that one worker on a CPU takes at most. */
export function estimateWorkerBytes(
  { weightBytes, patches, patchWidth, pixelsAtOnce = 0 }: Workload,
  batch: number,
): number {
  return weightBytes * 1.2 + WORKER_BYTES + batch * patches * patchWidth * ACTIVATION_BYTES + pixelsAtOnce * 3;
}

/** The choice in words, for the user. */
export function describePlacement({ devices, workersPerDevice, threads, maxBatchSize }: Placement): string {
  return (
    `${devices.map(formatDevice).join(', ')}: ${counted(workersPerDevice, 'worker')} a device, ` +
    `${counted(threads, 'thread')} each, ${counted(maxBatchSize, 'image')} a batch`
  );
}

/** CPUs that this process may use: its affinity, and what a container's quota leaves of it. At least 1. */
export function countAllowedCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(readQuotaCores() ?? Infinity)));
}

/** Cores that the control group allows a process over time; undefined without a limit. */
function readQuotaCores(): number | undefined {
  const [quota, period] = (readCgroup('cpu.max') ?? '').split(' ');
  if (quota !== undefined && quota !== 'max' && period !== undefined) return Number(quota) / Number(period);
  const quotaV1 = Number(readCgroup('cpu/cpu.cfs_quota_us') ?? -1);
  return quotaV1 > 0 ? quotaV1 / Number(readCgroup('cpu/cpu.cfs_period_us') ?? 100_000) : undefined;
}

function readCgroup(file: string): string | undefined {
  try {
    return readFileSync(`/sys/fs/cgroup/${file}`, 'utf8').trim();
  } catch {
    return undefined; // not Linux, or the other version of control groups
  }
}

/** Bytes of memory that this process may use. */
export function readMemoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
