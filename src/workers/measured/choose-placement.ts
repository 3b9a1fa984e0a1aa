import type { Device } from '../../core/device.js';
import type { Precision, RequestedPrecision } from '../../core/precision.js';
import type { TileOptions } from '../../core/tiling/tiles.js';
import { formatRate } from '../../core/text.js';
import { cpuFlags } from '../../disk/machine/cpu.js';
import type { ImageSize } from '../../model/artifact.js';
import { traitsOf } from '../../model/families.js';
import type { ModelTraits } from '../../model/family.js';
import type { Model } from '../../model/source.js';
import {
  estimateWorkerBytes,
  IMAGES_A_WORKER,
  placeWorkers,
  readMemoryLimit,
  type Placement,
  type RequestedPlacement,
  type Workload,
} from '../devices/placement.js';
import { readMeasured, type Measured, type MeasuredSetting, type MeasuredWork } from './measured-settings.js';

/** Where `--precision auto` mentions int8. */
const MENTIONED_FROM = 3;

/** Of `builtin:emoji` on the sample images (`npm run bench -- precision`). */
export const BUILTIN_AP50 = { fp32: 0.929, int8: 0.923 };

/** With AMX, OWL-ViT base/32 annotates 3.2 times as many images a second in int8; attention has a small part in it. */
const AMX_GAIN = { least: 3, maxPatches: 576, minWidth: 768 };

/** What of a job decides how its work is divided. */
interface PlacedJob {
  readonly placement: RequestedPlacement;
  readonly precision?: RequestedPrecision; // left out where it was decided before
  readonly worker: { readonly imageSize?: ImageSize; readonly tiles?: TileOptions };
}

/** How the work is divided, and what the user should know about it. */
export interface ChosenPlacement {
  readonly placement: Placement;
  readonly why?: string; // it was chosen so
  readonly notes: readonly string[];
}

/** Divides the work as was measured to be fastest, where that is known and the user leaves it open. */
export async function choosePlacement(
  job: PlacedJob,
  { devices, model, workload }: { devices: readonly Device[]; model: Model; workload: Workload },
): Promise<ChosenPlacement> {
  const measured = await readMeasured(measuredWorkOf(job, { devices, model }));
  const best = measured && bestOf(measured, model.precision);
  const isUsed = best !== undefined && suits(best, { requested: job.placement, workload, devices });
  const placement = placeWorkers(devices, isUsed ? divisionOf(best) : job.placement, workload);
  const note = describeInt8(job.precision, { devices, model, measured });
  return {
    placement,
    ...(isUsed && isOpen(job.placement) ? { why: `fastest in \`preannotate bench\` on ${measured!.date}` } : {}),
    notes: note === undefined ? [] : [note],
  };
}

/** What measurements of a job are kept under. */
export function measuredWorkOf(
  { worker: { imageSize, tiles } }: Pick<PlacedJob, 'worker'>,
  { devices, model }: { devices: readonly Device[]; model: Model },
): MeasuredWork {
  const inputSize = traitsOf(model.checkpoint).inputSize(imageSize);
  return { modelKey: model.key, inputSize, isTiled: tiles !== undefined, devices };
}

function bestOf({ best }: Measured, precision: Precision): MeasuredSetting | undefined {
  return best.find((setting) => setting.precision === precision);
}

function divisionOf({ workersPerDevice, threads, maxBatchSize }: MeasuredSetting): Required<RequestedPlacement> {
  return { workersPerDevice, threads, maxBatchSize };
}

function isOpen({ workersPerDevice, threads, maxBatchSize }: RequestedPlacement): boolean {
  return workersPerDevice === undefined || threads === undefined || maxBatchSize === undefined;
}

/** Whether a division is what the user asks for, and there is work and memory for its workers. */
function suits(
  best: MeasuredSetting,
  work: { requested: RequestedPlacement; workload: Workload; devices: readonly Device[] },
): boolean {
  const { requested, workload, devices } = work;
  const division = divisionOf(best);
  const keys = ['workersPerDevice', 'threads', 'maxBatchSize'] as const;
  if (keys.some((key) => requested[key] !== undefined && requested[key] !== division[key])) return false;
  const workers = best.workersPerDevice * devices.length;
  const bytes = estimateWorkerBytes(workload, best.maxBatchSize) * workers;
  return workload.images >= IMAGES_A_WORKER * workers * best.maxBatchSize && bytes <= readMemoryLimit();
}

/** `--precision auto` stays exact; what that costs is worth knowing where it is much. */
function describeInt8(
  requested: RequestedPrecision | undefined,
  { devices, model, measured }: { devices: readonly Device[]; model: Model; measured: Measured | undefined },
): string | undefined {
  if (requested !== 'auto' || model.precision !== 'fp32' || devices.some(({ provider }) => provider !== 'cpu'))
    return undefined;
  const isExport = model.checkpoint.exported !== undefined;
  const known = isExport ? undefined : describeKnownGain(traitsOf(model.checkpoint), cpuFlags());
  const gain = describeMeasuredGain(measured) ?? known;
  if (gain === undefined) return undefined;
  return (
    `--precision int8 annotates ${gain}. It finds slightly less: mAP@0.5 of builtin:emoji goes from ` +
    `${BUILTIN_AP50.fp32} to ${BUILTIN_AP50.int8}; of other models that is not known.`
  );
}

function describeMeasuredGain(measured: Measured | undefined): string | undefined {
  const fp32 = measured && bestOf(measured, 'fp32')?.imagesPerSecond;
  const int8 = measured && bestOf(measured, 'int8')?.imagesPerSecond;
  if (fp32 === undefined || int8 === undefined || int8 <= fp32 * MENTIONED_FROM) return undefined;
  const rates = `${formatRate(int8)} instead of ${formatRate(fp32)}`;
  return `${(int8 / fp32).toFixed(1)} times as many images a second here (${rates}, by \`preannotate bench\`)`;
}

/**
 * What is known without a measurement: not of models whose attention takes most of the time, and not of small ones, for
 * which decoding takes as long as before.
 */
export function describeKnownGain(
  { vision, patches, inputSize }: Pick<ModelTraits, 'vision' | 'patches' | 'inputSize'>,
  flags: ReadonlySet<string> | undefined,
): string | undefined {
  if (flags?.has('amx_int8') !== true) return undefined;
  if (vision.width < AMX_GAIN.minWidth || patches(inputSize()) > AMX_GAIN.maxPatches) return undefined;
  return `about ${AMX_GAIN.least} times as many images a second on a CPU with AMX such as this one`;
}
