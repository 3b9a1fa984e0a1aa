import type { Device, Optimizer } from '../../core/device.js';
import type { FeatureDtype } from '../../core/inference/feature-dtype.js';
import type { InputForm } from '../../core/inference/input-form.js';
import type { TileOptions } from '../../core/tiling/tiles.js';
import type { FeatureKey } from '../../features/image-features.js';
import { readRuntimeVersion } from '../../onnx/runtime-version.js';
import { traitsOf } from '../families.js';
import type { ImageSize } from '../artifact.js';
import type { Model } from '../source.js';

/** Raised when the same image gives other features than before, for a reason that is not in the key. */
const VERSION = 2;

/** What decides the features of an image, beside its bytes. How many images are computed at once does not. */
export function featureKeyOf(
  { key, precision, checkpoint }: Pick<Model, 'key' | 'precision' | 'checkpoint'>,
  how: InputForm & {
    readonly imageSize?: ImageSize;
    readonly tiles?: TileOptions;
    readonly optimizer: Optimizer;
    readonly dtype: FeatureDtype;
    readonly provider: Device['provider'];
  },
): FeatureKey {
  const { height, width } = traitsOf(checkpoint).inputSize(how.imageSize);
  const { fit, positions, optimizer, dtype, provider, tiles } = how;
  return {
    ...{ version: VERSION, model: key, height, width, fit, positions, precision, optimizer, provider, dtype },
    runtime: readRuntimeVersion(), // another one may round differently
    tiles:
      tiles === undefined
        ? null
        : { height: tiles.height, width: tiles.width, overlap: tiles.overlap, full_image: tiles.fullImage },
  };
}
