import { createHash } from 'node:crypto';
import { toStoredSelection, type StatedSelection } from './config/selection.js';
import type { ImageFiles } from './core/image-files.js';
import { hasSeveralTexts, specOf } from './core/ontology.js';
import type { SplitRule } from './core/data-set/split.js';
import type { SeenExample } from './core/seen-example.js';
import type { TileOptions } from './core/tiling/tiles.js';
import type { TakenPart } from './workers/engine.js';
import type { EngineJob } from './workers/start-engine.js';
import type { QueueSettings } from './queue/redis/connection.js';
import type { FormatName } from './formats/index.js';
import type { DiscoverOptions, Discovery } from './images/listing/discover.js';
import type { FetchSettings } from './images/remote/fetch-settings.js';
import type { RemoteImages } from './images/remote/remote-images.js';
import type { RequestedPrecision } from './core/precision.js';
import { traitsOf } from './model/families.js';
import { formOf } from './model/input-form.js';
import type { Model } from './model/source.js';
import type { RunStats } from './progress/stats.js';
import type { ViewCounts } from './run/images/counted-images.js';
import type { RunCommand } from './run/rerun/run-command.js';
import { chooseImages, type ImageChoice } from './run/choose-images.js';
import type { KnownClasses } from './run/numbers/classes.js';
import {
  JOURNAL_VERSION,
  type ClassIds,
  type JournalHeader,
  type PartScope,
  type StoredOptions,
} from './run/header.js';
import type { ImageIds } from './run/numbers/image-ids.js';
import { toStoredRoot } from './run/image-root.js';
import type { Journal } from './run/journal.js';
import type { ErrorBudget } from './run/mass-failure.js';
import type { OutputLock, TakeOverRule } from './run/lock/output-lock.js';
import type { MissingRule } from './run/plan/missing.js';
import type { Plan } from './run/plan/plan.js';
import { toStoredViewOptions } from './run/view-options.js';
import type { SourceList } from './run/plan/sources.js';

/** A batch run with every option decided. Plain data: the same after JSON. */
export interface Job extends EngineJob {
  readonly version: string; // of preannotate
  readonly inputs: readonly string[]; // folders, files, globs; or addresses and lists of them
  readonly discovery: DiscoverOptions;
  readonly fetch: FetchSettings; // of remote images
  readonly choice: ImageChoice;
  readonly watch: boolean; // annotates what arrives, until it is stopped
  readonly retryFailed: boolean; // annotates only what failed in the last run
  readonly missing: MissingRule; // annotated images that are gone
  readonly outDir: string; // absolute
  readonly restart: boolean;
  readonly takeOver: TakeOverRule;
  readonly model: string; // reference
  readonly precision: RequestedPrecision; // also decides which of a model's files is fetched, where there are several
  readonly formats: readonly FormatName[];
  readonly previews: number; // of the first images by name
  readonly imageFiles?: ImageFiles; // left out: as suits the readers of each format
  readonly split?: SplitRule; // of the images; left out: they are not divided
  readonly negatives?: number; // share of the images with nothing found that views have; left out: all
  readonly upright?: boolean; // turned images are written upright into views
  readonly onlyReviewed?: boolean; // views have the images alone that a person has accepted
  readonly reassign?: boolean; // existing parts are ignored
  readonly overwriteEdited: boolean; // files of views that the user edited
  readonly queue?: QueueSettings; // hands the images to workers elsewhere
  readonly maxRuntimeMs?: number; // after which the run stops; left out: it has all the time it needs
  readonly maxErrors: ErrorBudget; // a run that exceeds it stops, unless it is 0
  readonly statedSelection: StatedSelection; // for run.json
  readonly startedBy?: RunCommand; // kept, so that the run can be brought up to date; left out: it cannot
}

/** Whether a run annotates the part of one machine. It writes no views: `merge` does, when all parts are there. */
export function isShard({ choice }: Pick<Job, 'choice'>): boolean {
  return choice.shard !== undefined;
}

/** A run that has begun to annotate. */
export interface RunState {
  readonly remote: RemoteImages | undefined; // fetches its images, where they are remote
  readonly lock: OutputLock; // of the output folder; asked before something is written
  found: Discovery; // of a watch, what it found last
  plan: Plan; // of a watch, as it is by now
  readonly sources: SourceList; // as the run before found the files; the plan has what this one finds
  readonly classes: KnownClasses;
  readonly imageIds: ImageIds;
  readonly journal: Journal;
  readonly stats: RunStats;
  readonly examples: readonly SeenExample[]; // of the ontology; none are known of a finished run of version 0.1
  readonly failedBefore?: number; // in the last run, where only what failed there is tried again
  isUnfinished?: boolean; // images are left, of a watch that has ended, or when the time was over
  isTimeOver?: boolean; // the run has stopped because of --max-runtime
  takenPart?: readonly TakenPart[] | undefined; // by workers of a queue
  viewCounts?: ViewCounts; // once the views are written
}

/** What of a model the journal's header depends on. One that is not on this machine has no checkpoint. */
type HeaderModel = Pick<Model, 'reference' | 'sha256' | 'key' | 'precision'> & Partial<Pick<Model, 'checkpoint'>>;

/** The facts that decide the model's answers, and so must be the same in all attempts. */
export function toJournalHeader(
  job: Job,
  { reference, sha256, key, precision, checkpoint }: HeaderModel,
): JournalHeader {
  const { imageSize, tiles, minObjectness, scoreFloor, maxDetections, maxPixels, maxBytes, strictImages } = job.worker;
  return {
    journal: JOURNAL_VERSION,
    preannotate: job.version,
    created: new Date().toISOString(),
    model: { reference, sha256, key },
    ontology: specOf(job.ontology),
    options: {
      precision,
      image_size: imageSize === undefined ? 'native' : [imageSize.height, imageSize.width],
      ...(checkpoint === undefined ? {} : describeForm(job, { checkpoint, precision })),
      ...(tiles === undefined ? {} : { tiles: toStoredTiles(tiles) }),
      ...(minObjectness === undefined ? {} : { min_objectness: minObjectness }),
      ...describeFeatures(job),
      score_floor: scoreFloor,
      max_stored: maxDetections,
      max_pixels: maxPixels,
      max_bytes: maxBytes,
      strict_images: strictImages,
      allow_truncate: job.allowTruncate,
      ...(checkpoint !== undefined && choosesByObjectness(job, checkpoint) ? { example_rule: 'auto' } : {}),
      ...(checkpoint !== undefined && averagesLogits(job, checkpoint) ? { template_mean: 'logits' } : {}),
    },
  };
}

/** In float32, or where boxes do not come from what is kept, they are those of a run without features. */
function describeFeatures({ features }: Job): Pick<StoredOptions, 'features'> {
  if (features === undefined || features.exact || features.dtype === 'float32') return {};
  return { features: { dtype: features.dtype } };
}

/** Whether a job has several texts for a prompt, and they are not averaged as version 0.1 did. */
function averagesLogits({ ontology }: Job, checkpoint: Model['checkpoint']): boolean {
  return hasSeveralTexts(ontology) && !traitsOf(checkpoint).normalisesQueries;
}

/** Sliced positions are recorded; others are what version 0.1 had. */
function describeForm(
  job: Job,
  model: Pick<Model, 'checkpoint' | 'precision'>,
): Pick<StoredOptions, 'attention' | 'fit' | 'positions'> {
  const { fit, positions } = formOf(job, model);
  // Attention of inputs whose size varies is in float.
  const isIn8Bits = model.precision === 'int8' && model.checkpoint.exported === undefined && fit !== 'unpadded';
  return {
    ...(isIn8Bits ? { attention: 'int8' } : {}),
    fit,
    ...(positions === 'slice' ? { positions } : {}),
  };
}

/** Whether a job has examples, and they are not chosen as version 0.1 did. */
function choosesByObjectness({ ontology, worker }: Job, checkpoint: Model['checkpoint']): boolean {
  const traits = traitsOf(checkpoint);
  const hasExamples = ontology.queries.some(({ example }) => example !== undefined);
  return hasExamples && traits.hasObjectness && worker.exampleRule === 'auto';
}

/** The first line of a new journal: also how the run was begun, so that it can be exported from the journal alone. */
export function beginJournalHeader(
  job: Job,
  model: HeaderModel,
  { found, classes }: { found: Discovery; classes: ClassIds },
): JournalHeader {
  const { formats } = job;
  const selection = toStoredSelection(job.statedSelection, job.ontology);
  const { root, images: all } = found;
  const run = {
    ...(root === undefined ? {} : toStoredRoot(job.outDir, root)),
    selection,
    formats: [...formats],
    ...toStoredViewOptions(job),
    choice: job.choice,
    found: all.length,
    ...describePart(job, all),
    classes,
  };
  return { ...toJournalHeader(job, model), run };
}

/** What `merge` is told by a shard. */
export function describePart(
  { choice, previews }: Job,
  all: Discovery['images'],
  notFound: readonly string[] = [],
): { part?: PartScope } {
  if (choice.shard === undefined) return {};
  const hash = createHash('sha256');
  for (const { name } of all) hash.update(`${name}\n`);
  return {
    part: {
      found_sha256: hash.digest('hex'),
      chosen: chooseImages(all, choice).length,
      previews: Number.isFinite(previews) ? previews : true,
      ...(notFound.length === 0 ? {} : { not_found: [...notFound] }),
    },
  };
}

/** In the form of a config file. */
function toStoredTiles({ height, width, overlap, fullImage }: TileOptions): StoredOptions['tiles'] & object {
  return { size: [height, width], overlap, full_image: fullImage };
}
