import { formatDevice, type Device } from '../core/device.js';
import { messageOf, PreannotateError } from '../core/errors.js';
import type { ImageFile } from '../core/image.js';
import type { Precision, RequestedPrecision } from '../core/precision.js';
import { formOf } from '../model/input-form.js';
import type { Model } from '../model/source.js';
import { chooseDevices } from '../workers/devices/choose-devices.js';
import { placeWorkers } from '../workers/devices/placement.js';
import { measuredWorkOf } from '../workers/measured/choose-placement.js';
import {
  describeMachine,
  rememberMeasured,
  type Machine,
  type MeasuredSetting,
} from '../workers/measured/measured-settings.js';
import { describeWorkload, type EngineJob } from '../workers/start-engine.js';
import { chooseBest, combineRounds, countPlanned, planAgain, planBatches, planDivisions, type Choice } from './plan.js';
import { describeSetting, Session, type SkippedSetting } from './session.js';

/** What is to be measured. */
export interface BenchJob extends EngineJob {
  readonly precision: RequestedPrecision;
  readonly images: readonly ImageFile[];
  readonly imageFolder: string; // that their names are relative to
  readonly budgetMs: number; // for everything but fetching the model
}

export interface BenchUse {
  /** Undefined for a precision that the model is not here in. */
  readonly findModel: (precision: RequestedPrecision) => Promise<Model | undefined>;
  readonly note: (message: string) => void;
  readonly signal: AbortSignal; // the user stops it
}

export interface BenchResult {
  readonly machine: Machine;
  readonly devices: readonly string[];
  readonly measured: readonly MeasuredSetting[]; // in the order in which they were measured
  readonly unsteady: number; // by how much rates of one setting differ, as a share
  readonly skipped: readonly SkippedSetting[];
  readonly best: readonly MeasuredSetting[]; // of each precision, the requested or exact one first
}

/**
 * Measures settings with the engine that `run` and `serve` use, the most promising first, until all are measured or the
 * time is over; and remembers the fastest.
 *
 * @throws PreannotateError when nothing can be measured.
 */
export async function bench(job: BenchJob, use: BenchUse): Promise<BenchResult> {
  const { optimizer } = job.worker;
  const precision = job.precision === 'auto' ? 'fp32' : job.precision;
  const { devices } = await chooseDevices(job.devices, { optimizer, precision });
  const isCpu = devices.every(({ provider }) => provider === 'cpu');
  const models = await findModels(job.precision, { ...use, isCpu });
  const [model] = models.values();
  formOf(job, model!); // refuses a fit that the model does not take, before anything is measured
  const machine = describeMachine();
  const { maxBatchSize: batch } = placeWorkers(devices, {}, describeWorkload(job, model!, Infinity));
  const { cores } = machine;
  const choice: Choice = { isCpu, batch, devices: devices.length, cores, precisions: [...models.keys()] };
  const { images, imageFolder, budgetMs } = job;
  const { note, signal } = use;
  const planned = countPlanned(choice);
  const session = new Session({ job, devices, models, images, imageFolder, planned, budgetMs, note, signal });
  for (const setting of planDivisions(choice)) await session.measure(setting);
  for (const setting of planBatches(choice, chooseBest(session.measured))) await session.measure(setting);
  const { skipped, failure } = session;
  if (session.measured.length === 0) throw failure ?? nothingMeasuredError(skipped, budgetMs);
  for (const setting of planAgain(session.measured)) await session.measure(setting);
  const { measured, unsteady } = combineRounds(session.measured);
  const best = chooseBest(measured);
  await remember(job, { devices, models, best });
  return { machine, devices: devices.map(formatDevice), measured, unsteady, skipped, best };
}

/** By precision. An export may have no file for some. */
async function findModels(
  requested: RequestedPrecision,
  { findModel, note, isCpu }: BenchUse & { isCpu: boolean },
): Promise<Map<Precision, Model>> {
  const model = (await findModel(requested))!;
  const models = new Map([[model.precision, model]]);
  if (requested !== 'auto') return models;
  const other = isCpu ? 'int8' : 'fp16'; // on a CPU, float16 is computed in float32
  try {
    const found = await findModel(other);
    if (found?.precision === other && !models.has(other)) models.set(other, found);
  } catch (error) {
    note(`${other} is not measured: ${messageOf(error)}`);
  }
  return models;
}

/** Files of an export are different models. */
async function remember(
  job: BenchJob,
  found: { devices: readonly Device[]; models: ReadonlyMap<Precision, Model>; best: readonly MeasuredSetting[] },
): Promise<void> {
  for (const setting of found.best) {
    const model = found.models.get(setting.precision)!;
    await rememberMeasured(measuredWorkOf(job, { devices: found.devices, model }), [setting]);
  }
}

function nothingMeasuredError([first]: readonly SkippedSetting[], budgetMs: number): PreannotateError {
  const reason = first === undefined ? '' : `: ${describeSetting(first.setting)}: ${first.reason}`;
  return new PreannotateError({
    code: 'USAGE',
    message: `Nothing could be measured within ${Math.round(budgetMs / 1000)} s${reason}.`,
    hint: 'Give more time, such as --budget 10m, or measure a smaller model or image size.',
  });
}
