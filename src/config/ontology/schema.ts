import { z } from 'zod';
import type { Xyxy } from '../../core/box.js';

/** Every prompt is a row of the matrix that each image is compared with. */
export const MAX_PROMPTS = 10_000;
/**
 * Every example takes a pass through the image encoder before the first image, which is a second each with a large
 * model.
 */
export const MAX_EXAMPLES = 1_000;
const MAX_TEMPLATES = 100;
const MAX_SIDE_PX = 2 ** 31 - 1;
const MAX_ID = 2 ** 31 - 1; // readers of COCO keep ids in 32 bits

const prompt = z.string();
const threshold = z.number().min(0).max(1);

const box = z
  .array(z.number().min(-MAX_SIDE_PX).max(MAX_SIDE_PX))
  .refine((sides) => sides.length === 4, { error: 'is not four numbers, [x1, y1, x2, y2]' })
  .transform((sides): Xyxy => [sides[0]!, sides[1]!, sides[2]!, sides[3]!])
  .meta({
    minItems: 4,
    maxItems: 4,
    description: 'Where in the image the object is: [x1, y1, x2, y2], corners in pixels of the upright image',
  });

/** An image that shows what to find, or with a box, where in it that is. */
export const ExampleEntry = z.strictObject({
  image: z.string().describe('Path of an image, relative to the file that names it'),
  box: z.exactOptional(box),
});

/** The path alone stands for an image that is the example as a whole. */
const example = z
  .preprocess((value) => (typeof value === 'string' ? { image: value } : value), ExampleEntry)
  .meta({
    type: ['string', 'object'],
    description:
      'An image of the object: the path of one that shows little else, or {image, box} for an object in its ' +
      'surroundings, which finds more',
  });

/**
 * `prompts` and `examples` may both be missing here only so that this gets a better message than a schema gives;
 * editors ask.
 */
export const ClassEntry = z
  .strictObject({
    name: z.string().describe('Class name in annotation files'),
    id: z
      .exactOptional(z.int().min(1).max(MAX_ID))
      .describe('Number of the class in annotation files, from 1. Default: the smallest free number, in order')
      .meta({ examples: [7] }),
    prompts: z.exactOptional(z.array(prompt)).meta({
      minItems: 1,
      description: 'Descriptions that find this class; a box gets the class of its best prompt. At most 16 tokens each',
    }),
    examples: z.exactOptional(z.array(example)).meta({
      minItems: 1,
      description:
        'Images of what to find, in addition to prompts or instead of them. They score higher than prompts, ' +
        'so start with a threshold of 0.8 for the class',
      examples: [[{ image: 'photos/a.jpg', box: [10, 20, 200, 340] }]],
    }),
    threshold: z
      .exactOptional(threshold)
      .describe('Keep boxes of this class scoring above this (0 to 1); takes precedence over every other threshold')
      .meta({ examples: [0.15] }),
  })
  .meta({ required: ['name'], anyOf: [{ required: ['prompts'] }, { required: ['examples'] }] });

/** An ontology in full form. */
export const FullOntology = z.strictObject({
  templates: z
    .array(z.string())
    .max(MAX_TEMPLATES)
    .default([])
    .describe('Sentences with {} for the prompt; each prompt is put into each of them, and the embeddings are averaged')
    .meta({ examples: [['a photo of {}']] }),
  threshold: z
    .exactOptional(threshold)
    .describe(
      'Keep boxes scoring above this (0 to 1), for classes without their own; --score-threshold takes precedence',
    )
    .meta({ examples: [0.3] }),
  classes: z.array(ClassEntry).meta({ minItems: 1, description: 'What to find' }),
  ignore: z
    .array(z.union([prompt, ExampleEntry], { error: 'must be text, or an example {image, box}' }))
    .default([])
    .describe(
      'Prompts, or examples as {image, box}, that compete for a box, and whose boxes are dropped: look-alikes that ' +
        'are not wanted',
    )
    .meta({ examples: [['a picture of a bottle']] }),
});

/** An ontology in short form: prompt -> class. */
export const ShortOntology = z.record(prompt, z.string().describe('Class that this prompt finds'));

/** Either form; for editors. Reading tells them apart first, so that messages are about the form that was meant. */
export const AnyOntology = z
  .union([FullOntology, ShortOntology])
  .describe('What to find: prompts and their classes, in full form (with `classes`) or as prompt: class');
