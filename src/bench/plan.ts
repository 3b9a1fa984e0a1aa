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

/** Of each precision so many are measured twice, unless they are much slower than the fastest. */
const CONTENDERS = 2;
const LEAST_OF_CONTENDER = 0.7;

/** Settings that may be the fastest, to be measured again: what else a machine does changes from minute to minute. */
export function planAgain(measured: readonly MeasuredSetting[]): Setting[] {
  return chooseBest(measured).flatMap(({ precision, imagesPerSecond: fastest }) =>
    measured
      .filter((setting) => setting.precision === precision && setting.imagesPerSecond >= fastest * LEAST_OF_CONTENDER)
      .sort((a, b) => b.imagesPerSecond - a.imagesPerSecond)
      .slice(0, CONTENDERS)
      .map(settingOf),
  );
}

/**
 * One entry for each setting, at the highest of its rates: what disturbs a measurement only makes it slower.
 *
 * @returns `unsteady`: by how much rates of one setting differ at most, as a share of the highest.
 */
export function combineRounds(measured: readonly MeasuredSetting[]): {
  measured: MeasuredSetting[];
  unsteady: number;
} {
  const combined = new Map<string, MeasuredSetting>();
  let unsteady = 0;
  for (const setting of measured) {
    const key = JSON.stringify(settingOf(setting));
    const before = combined.get(key) ?? setting;
    const [low, high] = [before.imagesPerSecond, setting.imagesPerSecond].sort((a, b) => a - b) as [number, number];
    unsteady = Math.max(unsteady, 1 - low / high);
    combined.set(key, { ...before, imagesPerSecond: high });
  }
  return { measured: [...combined.values()], unsteady };
}

/** How many settings there are to measure. */
export function countPlanned(choice: Choice): number {
  const { precisions, isCpu, batch } = choice;
  const batches = OTHER_BATCHES[isCpu ? 'cpu' : 'other'].filter((size) => size !== batch).length;
  return planDivisions(choice).length + (batches + CONTENDERS) * precisions.length;
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
