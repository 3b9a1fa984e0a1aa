import { rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { formatDevice, type Device } from '../../core/device.js';
import type { Precision } from '../../core/precision.js';
import { cacheFolder, readCached, sha256Of, writeCached } from '../../disk/cache.js';
import { VERSION } from '../../disk/version.js';
import type { ImageSize } from '../../model/artifact.js';
import { countAllowedCores, readMemoryLimit } from '../devices/placement.js';

const KIND = 'measured';

/** The memory of one machine differs by this much from start to start, as the system keeps some for itself. */
const MEMORY_STEP = 2 ** 28;

/** How the work was divided, and how fast that was. */
export interface MeasuredSetting {
  readonly precision: Precision;
  readonly workersPerDevice: number;
  readonly threads: number; // of one worker
  readonly maxBatchSize: number;
  readonly imagesPerSecond: number;
}

/** What `preannotate bench` found out about a model on this machine. */
export interface Measured {
  readonly date: string; // 2026-01-31
  readonly best: readonly MeasuredSetting[]; // one for each precision that was measured
}

/** What was measured. */
export interface MeasuredWork {
  readonly modelKey: string; // identifies it by content
  readonly inputSize: ImageSize;
  readonly isTiled: boolean;
  readonly devices: readonly Device[];
}

/** What a measurement is about: it says nothing of another machine, model or version. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number; // that this process may use
  readonly memoryBytes: number; // the same
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? process.arch,
    cores: countAllowedCores(),
    memoryBytes: readMemoryLimit(),
  };
}

/** What was measured of this work on a machine like this, with this version; undefined where nothing was. */
export async function readMeasured(
  work: MeasuredWork,
  machine: Machine = describeMachine(),
): Promise<Measured | undefined> {
  const value = await readCached(KIND, keyOf(work, machine));
  return value === undefined ? undefined : (JSON.parse(value.toString()) as Measured); // its digest was checked
}

/** Keeps the best settings, and those of other precisions that were measured before. */
export async function rememberMeasured(
  work: MeasuredWork,
  best: readonly MeasuredSetting[],
  machine: Machine = describeMachine(),
): Promise<void> {
  const before = (await readMeasured(work, machine))?.best ?? [];
  const others = before.filter(({ precision }) => !best.some((setting) => setting.precision === precision));
  const measured: Measured = { date: new Date().toISOString().slice(0, 10), best: [...best, ...others] };
  await writeCached(KIND, keyOf(work, machine), Buffer.from(JSON.stringify(measured)));
}

/** Removes what was measured, of every model. */
export async function forgetMeasured(): Promise<void> {
  await rm(join(cacheFolder(), KIND), { recursive: true, force: true });
}

function keyOf({ modelKey, inputSize, isTiled, devices }: MeasuredWork, { cpu, cores, memoryBytes }: Machine): string {
  const memory = Math.round(memoryBytes / MEMORY_STEP);
  const { height, width } = inputSize;
  const facts = [VERSION, cpu, cores, memory, devices.map(formatDevice), modelKey, height, width, isTiled];
  return sha256Of(JSON.stringify(facts));
}
