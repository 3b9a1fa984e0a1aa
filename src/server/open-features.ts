import { quoteForShell } from '../core/text.js';
import { displayPath } from '../disk/display-path.js';
import { hasKey, prepareFolder, requireFolder } from '../features/folder.js';
import { assertGivesFeatures } from '../model/features/require-features.js';
import { formOf } from '../model/input-form.js';
import type { Model } from '../model/source.js';
import { findFeatureKey } from '../workers/start-engine.js';
import type { ServeJob } from './request/server-state.js';

const UNLIMITED =
  '--features-write stores the features of every image that clients send, until the disk is full. ' +
  'To limit the folder: --features-max-bytes 50GB';

/**
 * Makes sure that a server can use its folder of features, and warns where that has none for it.
 *
 * @throws PreannotateError CONFIG_INVALID for another folder, or for a model that gives no features
 */
export async function openFeatures(job: ServeJob, model: Model): Promise<void> {
  const { features, log } = job;
  if (features === undefined) return;
  assertGivesFeatures(model, formOf(job, model).fit);
  if (features.isReadOnly !== true) {
    await prepareFolder(features.folder);
    if (features.maxBytes === undefined) log.warn(UNLIMITED);
    return;
  }
  await requireFolder(features.folder);
  if (await hasKey(features.folder, await findFeatureKey(job, model, features))) return;
  log.warn(
    `${features.folder} has no features of ${model.reference} with these settings, and none are stored. ` +
      `List what it has: preannotate features info ${quoteForShell(displayPath(features.folder))}. ` +
      'To store them: --features-write',
  );
}
