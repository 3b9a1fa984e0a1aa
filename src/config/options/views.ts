import { z } from 'zod';
import { IMAGE_FILES } from '../../core/image-files.js';
import { formatNames } from '../../formats/index.js';
import { negatives, shares, splitBy } from './data-set/split.js';
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
  split: z
    .exactOptional(shares())
    .describe(
      'Divide the images: train=0.8,val=0.1,test=0.1. splits.json has the part of each, which it keeps; none writes ' +
        'all images together again',
    )
    .meta({
      examples: ['train=0.8,val=0.1,test=0.1'],
      suggested: { words: ['train=0.8,val=0.1,test=0.1', 'none'], isList: false },
      flag: { group: 'output', basic: true, placeholder: 'shares' },
    }),
  split_by: splitBy()
    .default('near')
    .describe(
      'What stays in one part: near (equal and similar images), image (equal ones), folder, or regex:<pattern> ' +
        '(names with the same text in its group: regex:^([^_]+)_)',
    )
    .meta({
      examples: ['folder'],
      suggested: { words: ['near', 'image', 'folder', 'regex:'], isList: false },
      flag: { group: 'output', placeholder: 'what' },
    }),
  split_seed: value
    .wholeBetween(0, 2 ** 31 - 1)
    .default(0)
    .describe('Another number divides the images in another way')
    .meta({ flag: { group: 'output', placeholder: 'n' } }),
  reassign: value
    .toggle()
    .default(false)
    .describe('Divide all images anew, also those whose part is in splits.json')
    .meta({ flag: { group: 'output', only: true } }),
  negatives: negatives()
    .prefault('keep')
    .describe('Images with nothing found in the annotation files: keep, drop, or the share of them to keep, as in 0.1')
    .meta({
      flag: { group: 'output', placeholder: 'how' },
      suggested: { words: ['keep', 'drop'], isList: false },
    }),
  only_reviewed: value
    .toggle()
    .default(false)
    .describe('Write only images that a person has accepted in `preannotate review`; later calls keep to it')
    .meta({ flag: { group: 'output', negation: 'Write all images again, also where the run left some out' } }),
  write_upright: value
    .toggle()
    .default(false)
    .describe(
      'Write images that EXIF turns upright into yolo/, voc/, labelme/ and huggingface/, for readers that ignore EXIF',
    )
    .meta({
      flag: { group: 'output', negation: 'Have turned images in views as they are, also where the run wrote them' },
    }),
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
