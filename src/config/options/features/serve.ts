import * as value from '../values.js';
import { featureOptions } from './run.js';

const { features, features_dtype, features_max_bytes } = featureOptions;

/** What `serve` does with stored features of images. */
export const serveFeatureOptions = {
  features: features.describe(
    'Folder of image features, as run --features makes it: an image that it has is answered without decoding it and ' +
      'without the image encoder. It is only read, unless --features-write',
  ),
  features_dtype: features_dtype.describe(
    'Number format of the stored features: as the run had it. float32 finds exactly what a server without --features ' +
      'does',
  ),
  features_write: value
    .toggle()
    .default(false)
    .describe('Also store the features of images that the folder of --features does not have')
    .meta({ flag: { group: 'speed' } }),
  features_max_bytes,
};
