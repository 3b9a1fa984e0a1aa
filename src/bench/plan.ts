import type { Precision } from '../core/precision.js';
import type { MeasuredSetting } from '../workers/measured/measured-settings.js';

/** Precision, and how the work is divided. */
export type Setting = Omit<MeasuredSetting, 'imagesPerSecond'>;

/** What there is to choose from. */
export interface Choice {
  readonly isCpu: boolean;
  readonly devices: number;
  readonly cores: number; // that the process may use
  readonly precisions: readonly Precision[];
  readonly batch: number; // that is used by default
}

/** More workers were not faster in any measurement. */
const MAX_WORKERS = 16;

const OTHER_BATCHES = { cpu: [2, 4], other: [1, 32] };

/** The divisions among workers of every precision, the most promising first. */
export function planDivisions(choice: Choice): Setting[] {
  return listDivisions(choice).flatMap(([workersPerDevice, threads]) =>
    choice.precisions.map((precision) => ({ precision, workersPerDevice, threads, maxBatchSize: choice.batch })),
  );
}

/** Other batches, with the best division of each precision. */
export function planBatches({ isCpu, batch }: Choice, best: readonly Setting[]): Setting[] {
  const batches = OTHER_BATCHES[isCpu ? 'cpu' : 'other'].filter((size) => size !== batch);
  return batches.flatMap((maxBatchSize) => best.map((setting) => ({ ...settingOf(setting), maxBatchSize })));
}

/** How many settings there are to measure. */
export function countPlanned(choice: Choice): number {
  const { precisions, isCpu, batch } = choice;
  const batches = OTHER_BATCHES[isCpu ? 'cpu' : 'other'].filter((size) => size !== batch).length;
  return planDivisions(choice).length + batches * precisions.length;
}

/** One worker a core with one thread each is usually fastest on a CPU, then fewer workers with more threads. */
function listDivisions({ isCpu, devices, cores }: Choice): [workers: number, threads: number][] {
  const threadsOf = (workers: number) => Math.max(1, Math.floor(cores / (workers * devices)));
  if (!isCpu) return [1, 2].map((workers) => [workers, threadsOf(workers)]);
  const most = Math.max(1, Math.min(MAX_WORKERS, Math.floor(cores / devices)));
  const divisions: [number, number][] = [];
  for (let workers = most; workers >= 1; workers = Math.floor(workers / 2))
    divisions.push([workers, threadsOf(workers)]);
  // Where two threads of a core count as two cores, half as many may do as much.
  if (most >= 4) divisions.splice(2, 0, [Math.floor(most / 2), 1]);
  return divisions;
}

function settingOf({ precision, workersPerDevice, threads, maxBatchSize }: Setting): Setting {
  return { precision, workersPerDevice, threads, maxBatchSize };
}

/** Smaller differences are chance: then the setting that was measured first is kept, which is the default. */
const LEAST_GAIN = 1.03;

/** The fastest of each precision. @param measured - In the order in which they were planned. */
export function chooseBest(measured: readonly MeasuredSetting[]): MeasuredSetting[] {
  const best = new Map<Precision, MeasuredSetting>();
  for (const setting of measured) {
    const { imagesPerSecond = 0 } = best.get(setting.precision) ?? {};
    if (setting.imagesPerSecond > imagesPerSecond * LEAST_GAIN) best.set(setting.precision, setting);
  }
  return [...best.values()];
}
