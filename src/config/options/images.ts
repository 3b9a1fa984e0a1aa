import { z } from 'zod';
import * as value from './values.js';

/** Which images are read, and which of them are accepted. */
export const imageOptions = {
  recursive: value
    .toggle()
    .default(true)
    .describe('Include subfolders')
    .meta({ flag: { group: 'input', negation: 'Do not include subfolders' } }),
  include: value
    .texts()
    .default([])
    .describe(
      'Annotate only images in this folder, or whose path, relative to the folder given, matches this glob. Repeatable',
    )
    .meta({ flag: { group: 'input', placeholder: 'glob', repeatable: true } }),
  exclude: value
    .texts()
    .default([])
    .describe('Exclude images in this folder, or whose path matches this glob; !glob takes some back. Repeatable')
    .meta({ flag: { group: 'input', placeholder: 'glob', repeatable: true } }),
  ext: z
    .exactOptional(value.extensions())
    .describe(
      'File name extensions to include, separated by commas (jpg,png), or * for every file. Default: those of ' +
        'images, and other files whose content is an image that can be read',
    )
    .meta({ examples: [['jpg', 'png']], flag: { group: 'input', placeholder: 'list', repeatable: true } }),
  max_pixels: value
    .wholeBetween(1, 2 ** 31 - 1)
    .default(268_402_689)
    .describe(
      'Reject images with more pixels than this, or that take more time or memory than it allows because of their ' +
        'shape or encoding; decoding takes 3 bytes of memory for each pixel',
    )
    .meta({ flag: { group: 'input', placeholder: 'n' } }),
  max_bytes: value
    .byteSize()
    .prefault('256MB')
    .describe('Reject files larger than this, such as 256MB')
    .meta({ flag: { group: 'input', placeholder: 'size' } }),
  strict_images: value
    .toggle()
    .default(false)
    .describe('Reject images that could be decoded only in part, instead of marking them degraded')
    .meta({ flag: { group: 'input' } }),
};
