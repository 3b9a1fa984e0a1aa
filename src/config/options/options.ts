import { z } from 'zod';
import { formatNames } from '../../formats/index.js';
import { tiles } from './tiles.js';
import * as value from './values.js';

/** What a flag needs to know beyond the schema of its value. */
export interface FlagMeta {
  readonly name?: string; // where it is not the key: --device for `devices`
  readonly short?: string; // one letter
  readonly placeholder?: string; // of its value; none for a switch
  readonly optionalValue?: boolean; // the value may be left out
  readonly repeatable?: boolean; // given several times, the values add up
  readonly negation?: string; // help of --no-<name>; the option can be turned off by name
  readonly only?: boolean; // about this one call: not in config files or the environment
}

declare module 'zod' {
  interface GlobalMeta {
    flag?: FlagMeta;
    alias?: string; // a second key for the same option
    variable?: string; // a second environment variable, without our prefix
    request?: { readonly note: string }; // what is to know about it as a field of a request, beyond the description
    path?: 'always' | 'dotted'; // a path, or one only when it begins with a dot; in a config file, relative to that file
  }
}

/** What is written. */
export const viewOptions = {
  format: value
    .words(z.enum(formatNames))
    .default(['coco', 'yolo'])
    .describe(`Annotation files to write, separated by commas: ${formatNames.join(', ')}`)
    .meta({ flag: { placeholder: 'list', repeatable: true } }),
  preview: value
    .howMany()
    .prefault(false)
    .describe('Also write images with the boxes drawn: the first n, or all. Comes after the paths, or as --preview=n')
    .meta({ flag: { placeholder: 'n', optionalValue: true } }),
};

/** How much is said. */
export const outputOptions = {
  json: value
    .toggle()
    .default(false)
    .describe('Print the result as JSON on stdout; everything else goes to stderr')
    .meta({ flag: { only: true } }),
  quiet: value
    .toggle()
    .default(false)
    .describe('Say nothing but errors')
    .meta({ flag: { short: 'q' } }),
  verbose: value
    .toggle()
    .default(false)
    .describe('Say more: causes of errors, timings of each stage')
    .meta({ flag: { short: 'v' } }),
};

/** What is looked for, and with which model. */
export const modelOptions = {
  ontology: z
    .exactOptional(value.fileOrMapping('ontology.schema.json'))
    .describe(
      'What to look for: classes with their prompts or example images, as a YAML file or, in a config file, as the mapping itself',
    )
    .meta({ examples: ['ontology.yaml'], flag: { placeholder: 'file' }, path: 'always' }),
  class: z
    .exactOptional(value.texts())
    .describe(
      "A class and its prompts, instead of an ontology file: 'bottle=a bottle,glass bottle', or 'bottle' for the prompt \"bottle\". Repeatable. Prompts that hold a comma need a file",
    )
    .meta({ flag: { placeholder: 'class', repeatable: true, only: true } }),
  model: z
    .string()
    .min(1)
    .default('google/owlvit-base-patch32')
    .describe(
      'builtin:emoji (for trying the tool), a hub id, or a folder with a checkpoint; larger models find more and take longer',
    )
    .meta({ flag: { placeholder: 'ref' }, path: 'dotted' }),
  image_size: z
    .exactOptional(value.imageSize())
    .describe(
      "Height and width the model sees, in pixels: larger finds smaller objects, time grows faster than the area. Default: the checkpoint's",
    )
    .meta({ examples: [[768, 1024]], flag: { placeholder: 'h,w|n' } }),
  tiles: z
    .exactOptional(tiles())
    .describe(
      'Cut images larger than this into overlapping tiles, each seen at full size: finds small objects in large images, and takes the time of as many images. 640, 480,640 (h,w), or size=640,overlap=0.3,full_image=no',
    )
    .meta({
      examples: [{ size: 640, overlap: 0.2, full_image: true }],
      flag: { placeholder: 'size', negation: 'Do not cut images' },
    }),
  allow_truncate: value
    .toggle()
    .default(false)
    .describe('Cut prompts that are longer than the model reads, instead of refusing them')
    .meta({ flag: {} }),
};

/** Which images are read, and what of them is accepted. */
export const imageOptions = {
  recursive: value
    .toggle()
    .default(true)
    .describe('Look into subfolders')
    .meta({ flag: { negation: 'Leave subfolders out' } }),
  include: value
    .texts()
    .default([])
    .describe('Only images whose path matches this glob (relative to the folder given). Repeatable')
    .meta({ flag: { placeholder: 'glob', repeatable: true } }),
  exclude: value
    .texts()
    .default([])
    .describe('Leave out images whose path matches this glob. Repeatable')
    .meta({ flag: { placeholder: 'glob', repeatable: true } }),
  ext: z
    .exactOptional(value.extensions())
    .describe(
      'File name endings to look at, separated by commas (jpg,png). Default: those of every type that can be read',
    )
    .meta({ examples: [['jpg', 'png']], flag: { placeholder: 'list', repeatable: true } }),
  max_pixels: value
    .wholeBetween(1, 2 ** 31 - 1)
    .default(268_402_689)
    .describe('Refuse images with more pixels than this; decoding takes 3 bytes of memory for each')
    .meta({ flag: { placeholder: 'n' } }),
  max_bytes: value
    .byteSize()
    .prefault('256MB')
    .describe('Refuse files larger than this, such as 256MB')
    .meta({ flag: { placeholder: 'size' } }),
  strict_images: value
    .toggle()
    .default(false)
    .describe('Refuse images of which the decoder lost a part, instead of marking them degraded')
    .meta({ flag: {} }),
};

/** How a batch run goes about its folder. */
export const runOptions = {
  out: z
    .string()
    .min(1)
    .default('./annotations')
    .describe('Folder for the results; a run into the same folder goes on from there')
    .meta({ flag: { short: 'o', placeholder: 'dir' }, path: 'always' }),
  score_floor: value
    .fraction()
    .default(0.05)
    .describe(
      'Store detections scoring above this, for thresholds chosen later: lower keeps more and makes a larger journal',
    )
    .meta({ flag: { placeholder: 'x' } }),
  max_errors: value
    .errorBudget()
    .prefault(0)
    .describe('Failed images, as a number or a share (5%), beyond which the exit code is 3')
    .meta({ flag: { placeholder: 'n|p%' } }),
  dry_run: value
    .toggle()
    .default(false)
    .describe('List what would be done, and do nothing')
    .meta({ flag: { only: true } }),
  resume: value
    .toggle()
    .default(true)
    .describe('Go on from what the output folder has (this is the default)')
    .meta({ flag: { only: true } }),
  restart: value
    .toggle()
    .default(false)
    .describe('Throw away what the output folder has of an earlier run, and begin again')
    .meta({ flag: { only: true } }),
};

/** What `doctor` does beside looking. */
export const doctorOptions = {
  setup_cuda: value
    .toggle()
    .default(false)
    .describe(
      "Fetch ONNX Runtime's CUDA and TensorRT libraries (from NuGet, some 200 MB), then say what is still missing",
    )
    .meta({ flag: { only: true } }),
};
