import type { Device } from '../core/device.js';
import type { InputForm, RequestedForm } from '../core/inference/input-form.js';
import { hasSeveralTexts, type Ontology, type OntologyPlaces } from '../core/ontology.js';
import type { RequestedPrecision } from '../core/precision.js';
import type { Selection } from '../core/select.js';
import { untilAborted } from '../core/stream.js';
import { describeTiles } from '../core/tiling/tiles.js';
import type { FeatureKey } from '../features/image-features.js';
import { traitsOf } from '../model/families.js';
import { featureKeyOf } from '../model/features/feature-key.js';
import type { FeatureForm } from '../model/features/layout.js';
import { prepareImageWeights } from '../model/image-weights.js';
import { describeInputSize, formOf } from '../model/input-form.js';
import type { Model } from '../model/source.js';
import { chooseDevices } from './devices/choose-devices.js';
import type { RemoteImages } from '../images/remote/remote-images.js';
import type { Engine } from './engine.js';
import { FetchingEngine } from './fetching/fetching-engine.js';
import { describePlacement, type Placement, type RequestedPlacement, type Workload } from './devices/placement.js';
import { choosePlacement } from './measured/choose-placement.js';
import { Pool, type PoolOptions } from './pool.js';
import type { FeatureSettings, WorkerSettings } from './protocol.js';
import type { QuerySource } from './queries/prepared-queries.js';
import { describeExamples } from './queries/describe-examples.js';
import { childProcesses } from './worker-process.js';
import type { WorkerTransport } from './worker-transport.js';

/** Settings of workers that depend on the model, the devices and the images. */
type FoundLater =
  | keyof InputForm
  | 'checkpoint'
  | 'precision'
  | 'imageWeights'
  | 'threads'
  | 'maxBatchSize'
  | 'imageFolder'
  | 'exampleFolder'
  | 'features';

/** How images are looked at: part of a batch run's job, and of a server's. Plain data, which can be sent elsewhere. */
export interface EngineJob {
  readonly ontology: Ontology;
  readonly places: OntologyPlaces; // of `ontology`
  readonly ontologyNotes: readonly string[]; // the classes found, and what was probably meant otherwise
  readonly exampleFolder: string; // absolute; names of examples are relative to it
  readonly allowTruncate: boolean;
  readonly devices: readonly Device[] | 'auto';
  readonly placement: RequestedPlacement;
  readonly precision?: RequestedPrecision; // left out where it was decided before
  readonly form: RequestedForm; // of images, as the model is given them
  readonly worker: Omit<WorkerSettings, FoundLater>;
  readonly selection: Selection; // for the classes of `ontology`
  readonly features?: FeatureJob; // kept of images; left out: nothing is
}

/** What is kept of images, so that they can be annotated again without their encoder. */
export interface FeatureJob extends FeatureForm {
  readonly folder: string; // absolute
  readonly maxBytes?: number; // of the folder
  readonly isReadOnly?: boolean; // features that are there are used, and none are kept
  readonly key?: FeatureKey; // under which they are looked for; left out: as this job would store them
}

/** What an engine works on. */
export interface EngineInput {
  readonly model: Model;
  readonly images: number; // Infinity for a server
  readonly imageFolder?: string | undefined; // that names of image files are relative to; images may come as bytes
  readonly remote?: RemoteImages | undefined; // fetches images that have addresses; without it, they are read as files
  readonly hosts?: readonly string[] | undefined; // of these, for those who fetch them elsewhere
}

/** What a batch run and a server do differently with a pool of workers. */
export interface EngineUse extends Pick<
  PoolOptions,
  'batchingTimeoutSec' | 'maxCrashesInARow' | 'stallTimeoutSec' | 'onChunk' | 'onFailure'
> {
  readonly transport?: WorkerTransport; // how workers are started; default: as child processes
  readonly waitsForAll?: boolean; // until every worker has opened the model; a run begins with the first
  readonly note: (message: string) => void; // something the user should know
  readonly warn: (message: string) => void; // something that is probably meant otherwise
  readonly signal: AbortSignal;
}

/**
 * Starts the workers, notes what was chosen for the user, encodes prompts and examples, and notes where the model sees
 * these.
 *
 * @throws PreannotateError when no worker can be had; the signal's reason
 */
export async function startEngine(
  job: EngineJob,
  { model, images, imageFolder, remote }: EngineInput,
  { note, warn, signal, waitsForAll = false, transport = childProcesses, ...use }: EngineUse,
): Promise<Engine> {
  const { devices, why } = await chooseDevices(job.devices, { ...job.worker, precision: model.precision });
  const workload = describeWorkload(job, model, images);
  const { placement, why: fastest, notes } = await choosePlacement(job, { devices, model, workload });
  const reasons = [why, fastest].filter((reason) => reason !== undefined);
  note(`Using ${describePlacement(placement)}${reasons.length === 0 ? '' : ` (auto: ${reasons.join('; ')})`}.`);
  notes.forEach(note);
  for (const each of [...describeInput(job, model), ...describeLowThresholds(job)]) note(each);
  const { checkpoint, precision } = model;
  const imageWeights = await prepareImageWeights(model, precision);
  signal.throwIfAborted();
  const engine = new Pool({
    placement,
    ...use,
    settings: {
      ...job.worker,
      ...formOf(job, model),
      ...{ checkpoint, precision, imageWeights, imageFolder, exampleFolder: job.exampleFolder },
      features: job.features && placeFeatures(job, { model, placement, features: job.features }),
    },
    queries: toQuerySource(job, model),
    transport,
    onWarning: note,
  });
  try {
    const prepared = Promise.all([engine.prepare(job.ontology, { keep: true }), engine.ready()]);
    const [examples] = await untilAborted(prepared, signal);
    for (const { text, isDoubtful } of describeExamples(examples, job.places)) (isDoubtful ? warn : note)(text);
    await untilAborted(waitsForAll ? engine.allReady() : engine.ready(), signal); // whatever failed meanwhile is thrown
    return remote === undefined ? engine : new FetchingEngine(engine, remote);
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

function placeFeatures(
  job: EngineJob,
  { model, placement, features }: { model: Model; placement: Placement; features: FeatureJob },
): FeatureSettings {
  const { devices, workersPerDevice } = placement;
  return {
    ...features,
    key: features.key ?? toFeatureKey(job, model, { ...features, device: devices[0]! }),
    label: model.reference,
    writers: devices.length * workersPerDevice,
  };
}

/** What decides the features of the images of a job, on the devices that its engine would take. */
export async function findFeatureKey(
  job: Pick<EngineJob, 'form' | 'worker' | 'devices'>,
  model: Model,
  { dtype }: Pick<FeatureJob, 'dtype'>,
): Promise<FeatureKey> {
  const { devices } = await chooseDevices(job.devices, { ...job.worker, precision: model.precision });
  return toFeatureKey(job, model, { dtype, device: devices[0]! });
}

function toFeatureKey(
  job: Pick<EngineJob, 'form' | 'worker'>,
  model: Model,
  { dtype, device: { provider } }: Pick<FeatureJob, 'dtype'> & { device: Device },
): FeatureKey {
  return featureKeyOf(model, { ...job.worker, ...formOf(job, model), dtype, provider });
}

/** What the work takes, as far as it decides how it is divided. */
export function describeWorkload(
  { worker }: Pick<EngineJob, 'worker'>,
  { checkpoint, weightBytes }: Model,
  images: number,
): Workload {
  const traits = traitsOf(checkpoint);
  return {
    images,
    weightBytes,
    patches: traits.patches(traits.inputSize(worker.imageSize)),
    patchWidth: traits.vision.width,
    ...(worker.tiles === undefined ? {} : { pixelsAtOnce: worker.maxPixels }),
  };
}

function toQuerySource(job: EngineJob, model: Model): QuerySource {
  const { ontology, places, allowTruncate, worker } = job;
  return {
    model,
    ontology,
    places,
    allowTruncate,
    exampleRule: worker.exampleRule,
    examplesAreStored: job.features?.storedOnly === true,
    ...formOf(job, model),
    ...(worker.imageSize === undefined ? {} : { imageSize: worker.imageSize }),
  };
}

const RENORMALISED_NOTE =
  'This ONNX export normalises the average over templates again, so its logits are not exactly the mean of those of ' +
  'the single templates, as they are with a checkpoint that has model.safetensors.';

/** How images and prompts come to the model, where that is not as the original does it. */
export function describeInput(job: Pick<EngineJob, 'form' | 'worker' | 'ontology'>, model: Model): string[] {
  const { imageSize, tiles } = job.worker;
  const traits = traitsOf(model.checkpoint);
  return [
    ...(hasSeveralTexts(job.ontology) && traits.normalisesQueries ? [RENORMALISED_NOTE] : []),
    ...(imageSize === undefined
      ? []
      : [describeInputSize(traits, imageSize, { ...formOf(job, model), isTiled: tiles !== undefined })]),
    ...(tiles === undefined ? [] : [describeTiles(tiles)]),
  ];
}

function describeLowThresholds({ selection, worker: { scoreFloor } }: EngineJob): string[] {
  const lowest = Math.min(...selection.thresholds);
  if (lowest >= scoreFloor) return [];
  return [`A threshold of ${lowest} shows nothing below the score_floor of ${scoreFloor}: lower that too.`];
}
