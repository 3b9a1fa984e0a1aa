import { z } from 'zod';
import { formatNames } from '../../formats/index.js';
import * as value from './values.js';

/** Which files are written. */
export const viewOptions = {
  format: value
    .words(z.enum(formatNames))
    .default(['coco', 'yolo'])
    .describe(`Annotation files to write, separated by commas: ${formatNames.join(', ')}`)
    .meta({ flag: { placeholder: 'list', repeatable: true } }),
  preview: value
    .howMany()
    .prefault(false)
    .describe(
      'Also write images with the boxes drawn: of the first n, or of all. Put it after the paths, or write --preview=n',
    )
    .meta({ flag: { placeholder: 'n', optionalValue: true } }),
};
