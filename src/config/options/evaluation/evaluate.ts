import { z } from 'zod';
import { USUAL_SECONDS } from '../../../core/review/seconds.js';
import { formatNames } from '../../../formats/index.js';
import { amounts } from './amounts.js';
import * as value from '../values.js';

/** What is compared with what. */
export const truthOptions = {
  truth: z
    .exactOptional(z.string().min(1))
    .describe(
      'The corrected data set, in any format that is read; review: those images of the run that people accepted',
    )
    .meta({ flag: { group: 'input', basic: true, placeholder: 'path', only: true } }),
  truth_format: z
    .exactOptional(value.choice(formatNames))
    .describe(`Format of the corrected data set: ${formatNames.join(', ')}. Default: found by content`)
    .meta({ flag: { group: 'input', placeholder: 'name', only: true } }),
  images_root: z
    .exactOptional(z.string().min(1))
    .describe('Folder of the images, where the files of the corrected data set do not lead to them')
    .meta({ flag: { group: 'input', placeholder: 'dir', only: true }, path: 'always' }),
  classes: z
    .exactOptional(value.texts())
    .describe('Compare these classes alone, by name, separated by commas')
    .meta({ flag: { group: 'input', placeholder: 'list', repeatable: true, only: true } }),
  map: z
    .exactOptional(value.texts())
    .describe("What a class of the predictions is called in the corrected data set: 'wine_glass=wine glass'")
    .meta({ flag: { group: 'input', placeholder: 'old=new', repeatable: true, only: true } }),
  iou: value
    .fraction()
    .default(0.5)
    .describe('A box has found an object from this overlap on (IoU, 0 to 1)')
    .meta({ flag: { group: 'boxes', placeholder: 'x', only: true } }),
};

/** What is printed of a comparison, and what it must reach. */
export const evalOptions = {
  seconds: amounts({ ...USUAL_SECONDS })
    .describe('Seconds that a person takes to draw a box, to adjust one, to delete one and to check one that is right')
    .meta({ flag: { group: 'output', placeholder: 'list', only: true } }),
  plots: z
    .exactOptional(z.string().min(1))
    .describe('Folder for plots (SVG): precision and recall, F1 by threshold, confusion matrix')
    .meta({ flag: { group: 'output', placeholder: 'dir', only: true }, path: 'always' }),
  min_map: z
    .exactOptional(value.fraction())
    .describe('Exit with code 3 if AP (the mean over IoU 0.5 to 0.95) is below this')
    .meta({ flag: { group: 'output', placeholder: 'x', only: true } }),
  min_ap50: z
    .exactOptional(value.fraction())
    .describe('Exit with code 3 if AP50 (at IoU 0.5) is below this')
    .meta({ flag: { group: 'output', placeholder: 'x', only: true } }),
};
