import { z } from 'zod';
import { IMAGE_FILES } from '../../core/image-files.js';
import { formatNames } from '../../formats/index.js';
import * as value from './values.js';

/** Where images are, of a run that was made already. */
export const rootOptions = {
  images_root: z
    .exactOptional(z.string().min(1))
    .describe('Folder in which the images of the run are now, if they were moved')
    .meta({ flag: { group: 'input', placeholder: 'dir', only: true }, path: 'always' }),
};

/** Which files are written. */
export const viewOptions = {
  format: value
    .words(z.enum(formatNames), formatNames.join('|'))
    .default(['coco', 'yolo'])
    .describe(
      `Annotation files to write, separated by commas: ${formatNames.join(', ')}; formats that the folder has are ` +
        'written again too',
    )
    .meta({ flag: { group: 'output', basic: true, placeholder: 'list', repeatable: true } }),
  images: z
    .exactOptional(value.choice(IMAGE_FILES))
    .describe(
      `Images in yolo/ (default symlink) and huggingface/ (default copy): ${IMAGE_FILES.join(', ')}. JPEGs that ` +
        'training programs would rewrite are always copied',
    )
    .meta({ examples: ['hardlink'], flag: { group: 'output', placeholder: 'how' } }),
  overwrite_edited: value
    .toggle()
    .default(false)
    .describe('Replace annotation files that were edited, after moving them to .preannotate/changed')
    .meta({ flag: { group: 'output' } }),
  preview: value
    .howMany()
    .prefault(false)
    .describe(
      'Also write images with the boxes drawn: of the first n, or of all. Put it after the paths, or write --preview=n',
    )
    .meta({ flag: { group: 'output', basic: true, placeholder: 'n', optionalValue: true } }),
};
