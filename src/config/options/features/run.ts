import { z } from 'zod';
import { FEATURE_DTYPES } from '../../../core/inference/feature-dtype.js';
import * as value from '../values.js';

/** What is kept of images, so that they can be annotated again without their encoder. */
export const featureOptions = {
  features: z
    .exactOptional(z.string().min(1))
    .describe(
      "Folder for the image encoder's output, which does not depend on the prompts: images with other prompts " +
        'are then neither decoded nor encoded. Several runs may share it. Takes 0.6 MB an image for OWL-ViT base/32',
    )
    .meta({ examples: ['features'], flag: { group: 'speed', basic: true, placeholder: 'dir' }, path: 'always' }),
  features_dtype: value
    .choice(FEATURE_DTYPES)
    .default('float16')
    .describe(
      'Number format of stored features: float32 takes twice the space, and finds exactly what a run without ' +
        '--features does',
    )
    .meta({ flag: { group: 'speed', placeholder: 'type' } }),
  features_max_bytes: z
    .exactOptional(value.byteSize())
    .describe('Maximum size of the features folder; the least recently used features are removed')
    .meta({ examples: ['50GB'], flag: { group: 'speed', placeholder: 'size' } }),
};
