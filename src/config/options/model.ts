import { z } from 'zod';
import { EXAMPLE_RULES } from '../../core/inference/example-rule.js';
import { FITS } from '../../core/inference/input-form.js';
import { tiles } from './tiles.js';
import * as value from './values.js';

/** What to find, and with which model. */
export const modelOptions = {
  ontology: z
    .exactOptional(value.fileOrMapping('ontology.schema.json'))
    .describe(
      'What to find: classes with their prompts or example images, as a YAML file, a classes.txt, a data.yaml, one ' +
        'that comes with the package (emoji, coco, bottles) or, in a config file, as the mapping itself',
    )
    .meta({ examples: ['ontology.yaml'], flag: { group: 'find', basic: true, placeholder: 'file' }, path: 'ontology' }),
  class: z
    .exactOptional(value.texts())
    .describe(
      "A class and its prompts, instead of an ontology file: 'bottle=a bottle,glass bottle', or 'bottle' for the " +
        'prompt "bottle". Repeatable. Prompts that contain a comma need a file',
    )
    .meta({ flag: { group: 'find', basic: true, placeholder: 'class', repeatable: true, only: true } }),
  model: z
    .string()
    .min(1)
    .default('google/owlvit-base-patch32')
    .describe(
      'builtin:emoji (to try the tool), a Hugging Face model id, or a folder with a checkpoint. The default is the ' +
        'fastest; others find far more and are slower, see `preannotate models list`',
    )
    .meta({ flag: { group: 'find', basic: true, placeholder: 'ref' }, path: 'dotted' }),
  image_size: z
    .exactOptional(value.imageSize())
    .describe(
      'Height and width of the model input, in pixels: larger finds smaller objects, and time grows faster than the ' +
        "area. Default: the checkpoint's",
    )
    .meta({ examples: [[768, 1024]], flag: { group: 'find', placeholder: 'h,w|n' } }),
  fit: value
    .choice(['auto', ...FITS])
    .default('auto')
    .describe(
      "How images fill the model's input: stretch them, or pad them to a square as the model's original code does " +
        '(letterbox) or with grey. auto stretches for OWL-ViT and pads with black for OWLv2; square images stay as ' +
        'they are. unpadded (OWLv2 only) is letterbox without the patches that are all padding: 4:3 and 16:9 images ' +
        'take much less time; what it does to accuracy has not been measured on published weights. Not with --features',
    )
    .meta({ flag: { group: 'find', placeholder: 'how' } }),
  positions: value
    .choice(['auto', 'interpolate'])
    .default('auto')
    .describe(
      'Positions of patches for an --image-size below that of an OWLv2 model: auto takes the upper left part of ' +
        'those it has learnt, as its original code does; interpolate resamples all of them, as transformers does',
    )
    .meta({ flag: { group: 'find', placeholder: 'how' } }),
  tiles: z
    .exactOptional(tiles())
    .describe(
      'Cut images larger than this into overlapping tiles, each annotated at full size: finds small objects in large ' +
        'images; each tile takes the time of an image. 640, 480,640 (h,w), or size=640,overlap=0.3,full_image=no',
    )
    .meta({
      examples: [{ size: 640, overlap: 0.2, full_image: true }],
      flag: { group: 'find', basic: true, placeholder: 'size', negation: 'Do not cut images' },
    }),
  example_rule: value
    .choice(EXAMPLE_RULES)
    .default('auto')
    .describe(
      'Which of the boxes that fit an example image of OWLv2 stands for it: auto takes the most likely object, as ' +
        'its authors do; transformers takes the least ordinary one, and for a whole image includes its padding, as ' +
        'Hugging Face transformers and version 0.1 do. The same for OWL-ViT',
    )
    .meta({ flag: { group: 'find', placeholder: 'rule' } }),
  min_objectness: z
    .exactOptional(value.fraction())
    .describe(
      'OWLv2 only: store no boxes of patches whose objectness is below this (0 to 1): how sure the model is that ' +
        'they show an object, whatever the prompts. Its authors do not use it with prompts and have published no ' +
        'value, so try it on images with known objects. Default: 0, off',
    )
    .meta({ examples: [0.1], flag: { group: 'boxes', placeholder: 'x' } }),
  allow_truncate: value
    .toggle()
    .default(false)
    .describe('Truncate prompts that are longer than the model accepts, instead of rejecting them')
    .meta({ flag: { group: 'find' } }),
};
