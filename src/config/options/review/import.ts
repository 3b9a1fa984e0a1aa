import { z } from 'zod';
import { formatNames } from '../../../formats/index.js';
import { truthOptions } from '../evaluation/evaluate.js';
import * as value from '../values.js';

/** How boxes that were corrected elsewhere are taken over. */
export const importOptions = {
  import: z
    .exactOptional(z.string().min(1))
    .describe(
      'Take over what was corrected elsewhere, in place of serving the page: a file or folder in any format that is ' +
        'read. Its images are accepted',
    )
    .meta({ flag: { group: 'input', basic: true, placeholder: 'path', only: true }, path: 'always' }),
  import_format: z
    .exactOptional(value.choice(formatNames))
    .describe(`Format of what is imported: ${formatNames.join(', ')}. Default: found by content`)
    .meta({ flag: { group: 'input', placeholder: 'name', only: true } }),
  map: truthOptions.map.describe("What a class that is imported is called in the ontology: 'wine_glass=wine glass'"),
  unknown_classes: z
    .enum(['refuse', 'drop'])
    .default('refuse')
    .describe('Import nothing if a class is not in the ontology, or leave its boxes out')
    .meta({ flag: { group: 'input', placeholder: 'refuse|drop', only: true } }),
  overwrite_reviewed: value
    .toggle()
    .default(false)
    .describe('Import also into images that were reviewed after the data set was written')
    .meta({ flag: { group: 'input', only: true } }),
};
