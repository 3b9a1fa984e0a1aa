import type { Precision } from '../core/precision.js';
import type { Checkpoint } from './checkpoint/checkpoint.js';
import type { WeightFiles } from './checkpoint/weight-files.js';
import { familyOf } from './families.js';
import { prepareQuantisedWeights } from './quantise/quantised-weights.js';

/**
 * What the image graph is built from at a precision; undefined where that is the checkpoint itself.
 *
 * @param model - `key` identifies the checkpoint by content.
 */
export async function prepareImageWeights(
  { checkpoint, key }: { checkpoint: Checkpoint; key: string },
  precision: Precision,
): Promise<WeightFiles | undefined> {
  if (precision !== 'int8' || checkpoint.exported !== undefined) return undefined;
  return prepareQuantisedWeights(checkpoint, key, () => familyOf(checkpoint).planQuantisation(checkpoint));
}
