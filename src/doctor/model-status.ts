import { PreannotateError } from '../core/errors.js';
import { readHubEnvironment } from '../hub/environment.js';
import { traitsOf } from '../model/families.js';
import { findModel, isModelPresent, findLocalFolder } from '../model/source.js';

/** Whether a run with this model could open it. */
export interface ModelStatus {
  readonly reference: string;
  readonly found: boolean;
  readonly verified: boolean; // its bytes match their known hash
  readonly detail: string;
  readonly hint?: string; // how to fix it; none where the first run fetches the model
}

const OPTIONS = { precision: 'auto', watcher: { progress: () => {}, note: () => {} } } as const;

/** Checks the model without fetching anything. */
export async function describeModel(reference: string): Promise<ModelStatus> {
  const options = { ...OPTIONS, variables: process.env };
  try {
    if (!(await isModelPresent(reference, options))) return describeMissing(reference);
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

function describeMissing(reference: string): ModelStatus {
  const { offline, cache } = readHubEnvironment(process.env);
  const detail = `not in ${cache} yet`;
  if (offline === undefined) return { reference, found: false, verified: false, detail };
  const hint = `Unset ${offline} and run: preannotate models pull ${reference}`;
  return { reference, found: false, verified: false, detail: `${detail}, and ${offline} forbids fetching it`, hint };
}
