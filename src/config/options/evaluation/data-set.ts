import { z } from 'zod';
import { formatNames } from '../../../formats/index.js';
import * as value from '../values.js';

/** How a data set is opened. */
export const dataSetOptions = {
  data_set_format: z
    .exactOptional(value.choice(formatNames))
    .describe(`What the data set is: ${formatNames.join(', ')}. Default: found by content`)
    .meta({ flag: { group: 'input', name: 'format', basic: true, placeholder: 'name', only: true } }),
  images_folder: z
    .exactOptional(z.string().min(1))
    .describe('Folder of the images, where they are not beside the annotations')
    .meta({
      flag: { group: 'input', name: 'images-root', basic: true, placeholder: 'dir', only: true },
      path: 'always',
    }),
};
