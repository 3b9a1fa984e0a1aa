import type { Loaded } from '../config/load.js';
import type { RunConfig } from '../config/schema.js';
import type { ImageFiles } from '../core/image-files.js';
import { areRemote } from '../images/remote/discover-remote.js';
import type { ImageChoice } from '../run/choose-images.js';
import type { MissingRule } from '../run/plan/missing.js';
import { readManifest } from '../run/manifest.js';
import { partFolder } from '../run/shards/find-parts.js';
import { describeUnused, resolveShard } from '../run/shards/scheduler.js';
import { formatNames } from '../formats/index.js';
import type { Job } from '../job.js';
import { PREVIEWS } from '../views/view-choice.js';
import { VERSION } from '../disk/version.js';
import { adviseOn } from './advice.js';
import { createEngineJob } from './engine-job.js';
import { queueOf } from './queue-of.js';
import { assertRemotePossible, fetchSettingsOf, remoteImageFiles } from './remote-settings.js';
import { takeOverRuleOf } from './take-over-rule.js';
import { chooseDataSet } from './choose-data-set.js';

const VIEW_FOLDERS = [...formatNames, PREVIEWS].flatMap((name) => [name, `${name}.new`]);

/** The job of a batch run, as it was configured. */
export async function createRunJob(inputs: readonly string[], loaded: Loaded<typeof RunConfig>): Promise<Job> {
  const { settings } = loaded;
  const isRemote = areRemote(inputs);
  if (isRemote) assertRemotePossible(loaded);
  const { recursive, include, exclude, ext: extensions } = settings;
  const choice = choiceOf(settings);
  const discovery = { recursive, include, exclude, outputFolders: VIEW_FOLDERS, mayBeEmpty: settings.watch };
  const job = await createEngineJob(loaded);
  const outDir = choice.shard === undefined ? settings.out : partFolder(settings.out, choice.shard);
  const before = await readManifest(outDir).catch(() => undefined); // what is damaged is reported by the run
  const advice = adviseOn({ ...job, model: settings.model, canExport: true });
  return {
    ...job,
    ontologyNotes: [...job.ontologyNotes, ...advice, ...describeScheduler(settings)],
    version: VERSION,
    inputs,
    fetch: { ...fetchSettingsOf(loaded), maxBytes: settings.maxBytes },
    discovery: extensions === undefined ? discovery : { ...discovery, extensions },
    choice,
    watch: settings.watch,
    retryFailed: settings.retryFailed,
    missing: missingRuleOf(settings),
    outDir,
    restart: settings.restart,
    takeOver: takeOverRuleOf(loaded),
    model: settings.model,
    precision: settings.precision,
    formats: settings.format,
    previews: settings.preview,
    ...imageFilesOf(loaded, isRemote),
    ...chooseDataSet(before ?? {}, loaded),
    overwriteEdited: settings.overwriteEdited,
    ...featuresOf(settings),
    ...queueOf(settings),
    ...(settings.maxRuntime === undefined ? {} : { maxRuntimeMs: settings.maxRuntime }),
    maxErrors: settings.maxErrors,
  };
}

/** None: as suits the readers of each format. */
function imageFilesOf(loaded: Loaded<typeof RunConfig>, isRemote: boolean): { imageFiles?: ImageFiles } {
  const imageFiles = isRemote ? remoteImageFiles(loaded, 'none') : loaded.settings.images;
  return imageFiles === undefined ? {} : { imageFiles };
}

/** Nobody watches a watch: it does not end because images are gone. */
function missingRuleOf({ keepMissing, acceptMissing, watch }: Loaded<typeof RunConfig>['settings']): MissingRule {
  if (keepMissing) return 'keep';
  if (acceptMissing) return 'accept';
  return watch ? 'few' : 'ask';
}

/** Whether boxes come from what is kept is decided by what the output folder has. */
function featuresOf({
  features,
  featuresDtype: dtype,
  featuresMaxBytes: maxBytes,
}: Loaded<typeof RunConfig>['settings']): Pick<Job, 'features'> {
  if (features === undefined) return {};
  return { features: { folder: features, dtype, exact: false, ...(maxBytes === undefined ? {} : { maxBytes }) } };
}

function choiceOf({ limit, sample, shard }: Loaded<typeof RunConfig>['settings']): ImageChoice {
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(sample === undefined ? {} : { sample }),
    ...(shard === undefined ? {} : { shard: resolveShard(shard, process.env) }),
  };
}

function describeScheduler({ shard }: Loaded<typeof RunConfig>['settings']): string[] {
  const note = shard === undefined ? describeUnused(process.env) : undefined;
  return note === undefined ? [] : [note];
}
