import { setMaxListeners } from 'node:events';
import type { Failure } from './core/errors.js';
import type { ImageFile } from './core/image.js';
import { mapConcurrent } from './core/stream.js';
import { counted, formatBytes } from './core/text.js';
import { countCrops } from './core/tiling/tiles.js';
import { displayPath } from './disk/display-path.js';
import { FeatureStore } from './features/feature-store.js';
import { inspectFolder } from './features/folder.js';
import type { StoreProblem } from './features/image-features.js';
import { inspectStore } from './features/inspect-store.js';
import { sizeAfterRemoval } from './features/space-limit.js';
import type { Job, RunState } from './job.js';
import { traitsOf } from './model/families.js';
import { featureBytes } from './model/features/layout.js';
import type { Model } from './model/source.js';
import type { RunProgress } from './progress/run-progress.js';
import { chooseImages } from './run/choose-images.js';
import { readHeader, RecordFile, type JournalContents } from './run/read-journal.js';
import type { Engine } from './workers/engine.js';
import { findFeatureKey, type FeatureJob } from './workers/start-engine.js';

/**
 * A job whose boxes are to be those of its output folder: where that was begun without features, boxes come from what
 * the encoder computes, as before, and features are stored beside.
 */
export async function withFeaturesAsBegun(job: Job): Promise<Job> {
  const { features } = job;
  if (features === undefined || features.dtype === 'float32' || job.restart) return job;
  const header = await readHeader(job.outDir);
  if (header === undefined || header.options.features !== undefined) return job;
  return { ...job, features: { ...features, exact: true } };
}

/** Features that a run adds to those of earlier runs, beside those of the images that it annotates. */
export interface Filling {
  readonly images: readonly ImageFile[]; // annotated, and their features are to be stored
  readonly notes: readonly string[];
}

/** The header and the padding of a file of features, roughly. */
const BYTES_AROUND_TENSORS = 1024;

/**
 * Finds annotated images whose features are not stored, as many as the folder has room for beside those of all other
 * images of the run. What is stored of them may turn out to be damaged when it is read.
 */
export async function planFilling(
  job: Job,
  { model, found, earlier, plan }: Pick<RunState, 'found' | 'plan'> & FillingInput,
): Promise<Filling> {
  const { features, watch } = job;
  if (features === undefined || watch) return { images: [], notes: [] };
  const space = new SpaceNeeded(features.maxBytes, bytesOfInput(job, model, features));
  for (let i = 0; i < plan.pending.length; i++) space.add(1);
  const images: ImageFile[] = [];
  if (earlier !== undefined && !job.retryFailed) {
    const pending = new Set(plan.pending.map(({ name }) => name));
    const annotated = chooseImages(found.images, job.choice).filter(({ name }) => !pending.has(name));
    const missing: { image: ImageFile; crops: number }[] = [];
    for await (const { image, crops, isStored } of findStored(job, { model, features, earlier, images: annotated })) {
      if (isStored) space.add(crops);
      else missing.push({ image, crops });
    }
    for (const { image, crops } of missing) if (space.add(crops)) images.push(image);
  }
  const notes = plan.pending.length === 0 ? [] : await describeExact(job, model, features);
  return { images, notes: [...notes, ...space.describeExcess(job.worker.tiles !== undefined)] };
}

/** Why images are encoded though their features are stored, and what would use those. */
async function describeExact(job: Job, model: Model, features: FeatureJob): Promise<string[]> {
  if (!features.exact) return [];
  const key = await findFeatureKey(job, model, { dtype: 'float32' });
  const { images } = await inspectStore({ folder: features.folder, key });
  const advice =
    images === 0
      ? ''
      : ` With --features-dtype float32, those of ${counted(images, 'image')} that are stored are used.`;
  return [
    `Storing features in ${features.dtype}; the boxes of this output folder stay as they are. They were made with ` +
      `more digits than ${features.dtype} keeps, so images are encoded even where their features are stored.${advice}`,
  ];
}

/** Brings the folder of features to its limit, as the workers of a run do that annotates. */
export async function limitFeatures(job: Job, model: Model, note: (message: string) => void): Promise<void> {
  const { features } = job;
  if (features?.maxBytes === undefined || (await inspectFolder(features.folder)) !== 'ours') return;
  const key = await findFeatureKey(job, model, features);
  const onProblem = ({ message }: StoreProblem) => note(message);
  const store = await FeatureStore.open({ ...features, key, label: model.reference, writable: true, onProblem });
  await store[Symbol.asyncDispose]();
}

interface FillingInput {
  readonly model: Model;
  readonly earlier: JournalContents | undefined;
}

/** Whether the features of annotated images are stored; of images with the same bytes, the first is named. */
async function* findStored(
  job: Job,
  {
    model,
    features,
    earlier,
    images,
  }: { model: Model; features: FeatureJob; earlier: JournalContents; images: readonly ImageFile[] },
): AsyncGenerator<{ image: ImageFile; crops: number; isStored: boolean }> {
  const key = await findFeatureKey(job, model, features);
  await using store = await FeatureStore.open({ ...features, key, writable: false, onProblem: () => {} });
  await using records = await RecordFile.open(earlier.path);
  const seen = new Set<string>();
  for (const image of images) {
    const entry = earlier.entries.get(image.name);
    if (entry === undefined) continue;
    const { sha256, ...size } = await records.read(entry);
    if (seen.has(sha256)) continue;
    seen.add(sha256);
    yield { image, crops: countCrops(size, job.worker.tiles), isStored: await store.has(sha256) };
  }
}

/** Compares what the features of images take with the size that their folder may have. */
class SpaceNeeded {
  readonly #room: number;
  readonly #maxBytes: number;
  readonly #inputBytes: number;
  #images = 0;
  #fitting = 0;
  #bytes = 0;

  constructor(maxBytes = Infinity, inputBytes: number) {
    this.#maxBytes = maxBytes;
    this.#room = sizeAfterRemoval(maxBytes);
    this.#inputBytes = inputBytes;
  }

  /** @returns Whether the features of the image fit too. */
  add(crops: number): boolean {
    this.#images++;
    this.#bytes += crops * this.#inputBytes + BYTES_AROUND_TENSORS;
    if (this.#bytes > this.#room) return false;
    this.#fitting = this.#images;
    return true;
  }

  describeExcess(isTiled: boolean): string[] {
    if (this.#bytes <= this.#room) return [];
    return [
      `The features of ${counted(this.#images, 'image')} take ${isTiled ? 'at least' : 'about'} ` +
        `${formatBytes(this.#bytes)}, and --features-max-bytes is ${formatBytes(this.#maxBytes)}: ` +
        `those of ${isTiled ? 'at most' : 'about'} ${counted(this.#fitting, 'image')} are kept.`,
    ];
  }
}

function bytesOfInput(job: Pick<Job, 'worker'>, { checkpoint }: Model, { dtype }: FeatureJob): number {
  const traits = traitsOf(checkpoint);
  return featureBytes({ traits, size: traits.inputSize(job.worker.imageSize), dtype });
}

/** What a folder of features holds, and what a run would add to it. @param added - Images. */
export async function describeFeatures(
  job: Pick<Job, 'form' | 'worker' | 'devices' | 'features'>,
  model: Model,
  added: number,
): Promise<string[]> {
  if (job.features === undefined) return [];
  const { folder } = job.features;
  const key = await findFeatureKey(job, model, job.features);
  const { images, totalBytes } = await inspectStore({ folder, key });
  const each = bytesOfInput(job, model, job.features);
  const isTiled = job.worker.tiles !== undefined;
  return [
    `${displayPath(folder)} has features of ${counted(images, 'image')} for this model and these options, ` +
      `and ${formatBytes(totalBytes)} in all. ${isTiled ? 'A tile' : 'An image'} takes ${formatBytes(each)}: ` +
      `at most ${formatBytes(each * added)} more for ${counted(added, 'image')}` +
      `${isTiled ? ', times the tiles of each' : ''}.`,
  ];
}

/** Has features of annotated images stored. What is found in them meanwhile is the same as before, and left alone. */
export async function storeFeatures(
  images: readonly ImageFile[],
  { job, engine, progress, signal }: { job: Job; engine: Engine; progress: RunProgress; signal: AbortSignal },
): Promise<void> {
  const canStore = () => engine.status().cannotStore !== true;
  if (images.length === 0 || !canStore()) return; // the engine has given the reason
  progress.note(`Storing the features of ${counted(images.length, 'annotated image')}; their boxes stay as they are.`);
  progress.start({ total: images.length, done: 0, failed: 0, isOpen: false });
  const ended = new AbortController();
  const detecting = AbortSignal.any([signal, ended.signal]);
  setMaxListeners(0, detecting); // every call in flight listens
  const failures: Failure[] = [];
  try {
    const outcomes = mapConcurrent(images, engine.capacity, (image) => engine.detect(image, job.ontology, detecting));
    for await (const outcome of outcomes) {
      if (!outcome.ok) failures.push(outcome.failure);
      progress.tick(outcome);
      if (!canStore()) break;
    }
  } finally {
    ended.abort();
    progress.stop();
  }
  const [first] = failures;
  if (first === undefined) return;
  progress.note(
    `The features of ${counted(failures.length, 'annotated image')} could not be stored; the first: ${first.message}`,
  );
}
