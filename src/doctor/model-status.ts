import { PreannotateError } from '../core/errors.js';
import { readHubEnvironment } from '../hub/environment.js';
import { traitsOf } from '../model/families.js';
import { findPublished } from '../model/published/find-published.js';
import { findModel, isModelPresent, findLocalFolder } from '../model/source.js';

/** Whether a run with this model could open it. */
export interface ModelStatus {
  readonly reference: string;
  readonly found: boolean;
  readonly verified: boolean; // its bytes match their known hash
  readonly detail: string;
  readonly hint?: string; // how to fix it; none for the default, which the first run fetches
}

const OPTIONS = { precision: 'auto', watcher: { progress: () => {}, note: () => {} } } as const;

interface Wanted {
  readonly model: string; // reference
  readonly modelNamed: boolean; // given by the user, not the default
}

/** Checks the model without fetching anything. */
export async function describeModel(wanted: Wanted): Promise<ModelStatus> {
  const reference = wanted.model;
  const options = { ...OPTIONS, variables: process.env };
  try {
    if (!(await isModelPresent(reference, options))) return describeMissing(wanted);
    const { checkpoint, sha256, weightBytes } = await findModel(reference, options);
    const verified = findLocalFolder(reference) === undefined || reference.startsWith('builtin:');
    const { patchSize, nativeSide } = traitsOf(checkpoint);
    const megabytes = (weightBytes / 1e6).toFixed(1);
    const size = `${checkpoint.modelType}, patch ${patchSize}, ${nativeSide} px, ${megabytes} MB`;
    return { reference, found: true, verified, detail: `${size}, SHA-256 ${sha256.slice(0, 12)}…` };
  } catch (error) {
    if (!(error instanceof PreannotateError)) throw error;
    return { reference, found: false, verified: false, detail: error.message, hint: error.hint };
  }
}

function describeMissing({ model: reference, modelNamed }: Wanted): ModelStatus {
  const { offline, cache } = readHubEnvironment(process.env);
  const missing = `The model "${reference}" is not downloaded: it is not in ${cache}`;
  const status = { reference, found: false, verified: false };
  const pull = `preannotate models pull ${reference}`;
  if (offline !== undefined) {
    const detail = `${missing}, and ${offline} forbids fetching it.`;
    return { ...status, detail, hint: `Unset ${offline} and run: ${pull}` };
  }
  if (!modelNamed) return { ...status, detail: `${missing} yet; the first run that uses it fetches it.` };
  const isKnown = findPublished(reference) !== undefined;
  const others = isKnown ? '' : ' (published models, by name: preannotate models list)';
  return { ...status, detail: `${missing}.`, hint: `Download it: ${pull}${others}` };
}
