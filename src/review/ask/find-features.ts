import type { Optimizer } from '../../core/device.js';
import type { FeatureDtype } from '../../core/inference/feature-dtype.js';
import type { FeatureKey } from '../../features/image-features.js';
import { hashKey, inspectFolder } from '../../features/folder.js';
import { listStoredKeys } from '../../features/inspect-store.js';
import { featureKeyOf } from '../../model/features/feature-key.js';
import { formOf } from '../../model/input-form.js';
import type { Model } from '../../model/source.js';
import { toWorkerOptions } from '../../run/rerun/worker-options.js';
import type { StoredOptions } from '../../run/header.js';

/** Stored features that a run can be asked by. */
export interface FoundFeatures {
  readonly folder: string; // absolute
  readonly key: FeatureKey;
  readonly dtype: FeatureDtype;
  readonly images: number;
}

/** What of a key differs between machines, and leaves the features nearly the same. */
const OF_MACHINES: readonly string[] = ['optimizer', 'provider', 'runtime'];

/**
 * Finds the features of a run's images: those of its model, and of images looked at as in the run. Those that were
 * stored on a machine with another device are used too.
 *
 * @returns undefined when the folder has none.
 */
export async function findFeatures(
  folder: string,
  { model, options }: { model: Model; options: StoredOptions },
): Promise<FoundFeatures | undefined> {
  if ((await inspectFolder(folder)) !== 'ours') return undefined;
  const stored = await listStoredKeys(folder);
  for (const dtype of dtypesOf(options)) {
    const wanted = keyOf(model, { options, dtype });
    const fitting = stored.flatMap(({ key, images }) =>
      key !== undefined && images > 0 && isSame(key, wanted) ? [{ folder, key, dtype, images }] : [],
    );
    const [most] = fitting.sort((a, b) => b.images - a.images);
    if (most !== undefined) return most;
  }
  return undefined;
}

/** In float16 only where the boxes of the run come from that; else what is exact comes first. */
function dtypesOf({ features }: StoredOptions): readonly FeatureDtype[] {
  return features === undefined ? ['float32', 'float16'] : [features.dtype];
}

function keyOf(model: Model, { options, dtype }: { options: StoredOptions; dtype: FeatureDtype }): FeatureKey {
  const { form, worker } = toWorkerOptions(options);
  const optimizer: Optimizer = 'onnxrt';
  return featureKeyOf(model, { ...worker, ...formOf({ form, worker }, model), optimizer, dtype, provider: 'cpu' });
}

function isSame(a: FeatureKey, b: FeatureKey): boolean {
  const withoutMachine = (key: FeatureKey): FeatureKey =>
    Object.fromEntries(Object.entries(key).filter(([name]) => !OF_MACHINES.includes(name)));
  return hashKey(withoutMachine(a)) === hashKey(withoutMachine(b));
}
