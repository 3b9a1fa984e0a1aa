import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { deviceName, type Device } from '../core/device.js';

/** On a CPU a batch only makes each image wait for the others: 5–18 % slower at 4 to 8 (PERF). On a GPU it fills the device. */
const BATCH_SIZE = { cpu: 1, other: 8 };

/** More workers than this gain nothing that was measured, and each holds its own copy of the weights. */
const MAX_CPU_WORKERS = 16;

/** A worker's own memory beside the weights: Node, ONNX Runtime, activations, images in decoding. */
const WORKER_BYTES = 300e6;

/** How many processes do the work, and with how many threads each. */
export interface Placement {
  readonly devices: readonly Device[];
  readonly workersPerDevice: number;
  readonly threads: number; // of one worker
  readonly maxBatchSize: number;
}

export interface PlacementWishes {
  readonly devices: readonly Device[] | 'auto';
  readonly workersPerDevice?: number;
  readonly threads?: number;
  readonly maxBatchSize?: number;
}

/**
 * Fills in what the user left open. On a CPU one worker a core with one thread each: two of them are 12–16 % faster than
 * one with two threads (PERF section 2), because decoding and the parts of a graph that do not scale then overlap.
 */
export function placeWorkers(wishes: PlacementWishes, job: { images: number; weightBytes: number }): Placement {
  const devices = wishes.devices === 'auto' ? [{ provider: 'cpu' } as const] : wishes.devices;
  const onCpu = devices.some(({ provider }) => provider === 'cpu');
  const cores = allowedCores();
  const maxBatchSize = wishes.maxBatchSize ?? (onCpu ? BATCH_SIZE.cpu : BATCH_SIZE.other);
  const fitting = Math.floor(allowedMemory() / (job.weightBytes * 1.2 + WORKER_BYTES));
  const useful = Math.ceil(job.images / maxBatchSize);
  const byDefault = onCpu ? Math.min(Math.floor(cores / devices.length), MAX_CPU_WORKERS, fitting, useful) : 1;
  const workersPerDevice = Math.max(1, wishes.workersPerDevice ?? byDefault);
  const threads = wishes.threads ?? Math.max(1, Math.floor(cores / (workersPerDevice * devices.length)));
  return { devices, workersPerDevice, threads: onCpu ? threads : 1, maxBatchSize };
}

/** The choice in words, for the user. */
export function describePlacement({ devices, workersPerDevice, threads, maxBatchSize }: Placement): string {
  const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  return (
    `${devices.map(deviceName).join(', ')}: ${counted(workersPerDevice, 'worker')} a device, ` +
    `${counted(threads, 'thread')} each, ${counted(maxBatchSize, 'image')} a batch`
  );
}

/** CPUs that this process may use: its affinity, and what a container's quota leaves of it. At least 1. */
export function allowedCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(quotaCores() ?? Infinity)));
}

/** Cores that the control group allows a process over time; undefined without a limit. */
function quotaCores(): number | undefined {
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

function allowedMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
