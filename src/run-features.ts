import type { ImageFile } from './core/image.js';
import { mapConcurrent } from './core/stream.js';
import { counted } from './core/text.js';
import { displayPath } from './disk/display-path.js';
import { FeatureStore } from './features/feature-store.js';
import { inspectStore } from './features/inspect-store.js';
import type { Job, RunState } from './job.js';
import { traitsOf } from './model/families.js';
import { featureBytes } from './model/features/layout.js';
import type { Model } from './model/source.js';
import { formatBytes } from './progress/download.js';
import type { Progress } from './progress/bar.js';
import { chooseImages } from './run/choose-images.js';
import { readHeader, RecordFile, type JournalContents } from './run/read-journal.js';
import type { Engine } from './workers/engine.js';
import { keyOfFeatures } from './workers/start-engine.js';

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

/** Annotated images whose features are not stored. Those of others may turn out to be damaged when they are read. */
export async function listWithoutFeatures(
  job: Job,
  {
    model,
    found,
    earlier,
    plan,
  }: Pick<RunState, 'found' | 'plan'> & { model: Model; earlier: JournalContents | undefined },
): Promise<readonly ImageFile[]> {
  if (job.features === undefined || earlier === undefined || job.watch || job.retryFailed) return [];
  const pending = new Set(plan.pending.map(({ name }) => name));
  const key = keyOfFeatures(job, model, job.features);
  await using store = await FeatureStore.open({ ...job.features, key, writable: false, onProblem: () => {} });
  await using records = await RecordFile.open(earlier.path);
  const missing: ImageFile[] = [];
  for (const image of chooseImages(found.images, job.choice)) {
    const entry = pending.has(image.name) ? undefined : earlier.entries.get(image.name);
    if (entry === undefined) continue;
    const { sha256 } = await records.read(entry);
    if (!(await store.has(sha256))) missing.push(image);
  }
  return missing;
}

/** What a folder of features holds, and what a run would add to it. @param pending - Images to annotate. */
export async function describeFeatures(
  job: Pick<Job, 'form' | 'worker' | 'devices' | 'features'>,
  model: Model,
  pending: number,
): Promise<string[]> {
  if (job.features === undefined) return [];
  const { folder, dtype } = job.features;
  const { images, totalBytes } = await inspectStore({ folder, key: keyOfFeatures(job, model, job.features) });
  const traits = traitsOf(model.checkpoint);
  const each = featureBytes({ traits, size: traits.inputSize(job.worker.imageSize), dtype });
  const isTiled = job.worker.tiles !== undefined;
  return [
    `${displayPath(folder)} has features of ${counted(images, 'image')} for this model and these options, ` +
      `and ${formatBytes(totalBytes)} in all. ${isTiled ? 'A tile' : 'An image'} takes ${formatBytes(each)}: ` +
      `at most ${formatBytes(each * pending)} more for ${counted(pending, 'image')}` +
      `${isTiled ? ', times the tiles of each' : ''}.`,
  ];
}

/** Has features of annotated images stored. What is found in them meanwhile is the same as before, and left alone. */
export async function storeFeatures(
  images: readonly ImageFile[],
  { job, engine, progress, signal }: { job: Job; engine: Engine; progress: Progress; signal: AbortSignal },
): Promise<void> {
  if (images.length === 0) return;
  progress.note(`Storing the features of ${counted(images.length, 'annotated image')}; their boxes stay as they are.`);
  progress.start({ total: images.length, done: 0, failed: 0, isOpen: false });
  try {
    const outcomes = mapConcurrent(images, engine.capacity, (image) => engine.detect(image, job.ontology, signal));
    for await (const outcome of outcomes) progress.tick(outcome);
  } finally {
    progress.stop();
  }
}
