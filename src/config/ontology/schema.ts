import { z } from 'zod';
import type { Xyxy } from '../../core/box.js';
import { TEMPLATE_LISTS } from './template-lists.js';

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

/** Loading checks texts with better messages; the patterns are for editors. */
const NOT_BLANK = '\\S';
const ONE_TEXT = '^[^,]*[^,\\s][^,]*$'; // that stands for a list of one: with commas, several may have been meant
const NAME = '^(?=[\\s\\S]*\\S)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$';
const ONE_HOLE = '^(?:(?!\\{\\})[\\s\\S])*\\{\\}(?:(?!\\{\\})[\\s\\S])*$';

const LISTS = Object.keys(TEMPLATE_LISTS).join('|');

const prompt = z.string().meta({ pattern: NOT_BLANK });
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
  image: z.string().describe('Path of an image, relative to the file that names it').meta({ pattern: NAME }),
  box: z.exactOptional(box),
});

/** The path alone stands for an image that is the example as a whole. */
const example = z
  .preprocess((value) => (typeof value === 'string' ? { image: value } : value), ExampleEntry)
  .meta({
    alternatives: [{ type: 'string', pattern: NOT_BLANK }],
    description:
      'An image of the object: the path of one that shows little else, or {image, box} for an object in its ' +
      'surroundings, which finds more',
  });

/** Strict validators want the property beside the requirement. */
function requiring(key: string) {
  return { properties: { [key]: {} }, required: [key] };
}

/** A list, or one text for a list of one. @param pattern - Of the text. */
function listOf<Item extends z.ZodType>(item: Item, { most = Infinity, pattern = ONE_TEXT } = {}) {
  const read = (value: unknown) => (typeof value === 'string' && !value.includes(',') ? [value] : value);
  return z
    .preprocess(read, most === Infinity ? z.array(item) : z.array(item).max(most))
    .meta({ alternatives: [{ type: 'string', pattern }] });
}

/**
 * `prompts` and `examples` may both be missing here only so that this gets a better message than a schema gives;
 * editors ask.
 */
export const ClassEntry = z
  .strictObject({
    name: z.string().describe('Class name in annotation files').meta({ pattern: NAME }),
    id: z
      .exactOptional(z.int().min(1).max(MAX_ID))
      .describe('Number of the class in annotation files, from 1. Default: the smallest free number, in order')
      .meta({ examples: [7] }),
    prompts: z.exactOptional(listOf(prompt).meta({ minItems: 1 })).meta({
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
  .meta({ required: ['name'], anyOf: [requiring('prompts'), requiring('examples')] });

/** The name alone stands for a class that is its own prompt. */
const classItem = z
  .preprocess((value) => (typeof value === 'string' ? { name: value, prompts: [value] } : value), ClassEntry)
  .meta({ alternatives: [{ type: 'string', pattern: NAME, description: 'A class name that is its own prompt' }] });

/** An ontology in full form. */
export const FullOntology = z.strictObject({
  templates: listOf(z.string().meta({ pattern: `^(?:${LISTS})$|${ONE_HOLE}` }), {
    most: MAX_TEMPLATES,
    pattern: `^(?:${LISTS})$|(?!^[\\s\\S]*,)${ONE_HOLE}`,
  })
    .default([])
    .describe(
      'Sentences with {} for the prompt; each prompt is put into each of them, and the logits are averaged. `owl` ' +
        'stands for the seven of the original evaluation',
    )
    .meta({ examples: [['a photo of a {}']] }),
  canonical: z
    .boolean()
    .default(true)
    .describe(
      'Ask in the form that prompts had in training: in lower case, and with spaces for punctuation. Results keep ' +
        'your spelling. false asks what is written, as transformers does',
    ),
  threshold: z
    .exactOptional(threshold)
    .describe(
      'Keep boxes scoring above this (0 to 1), for classes without their own; --score-threshold takes precedence',
    )
    .meta({ examples: [0.3] }),
  classes: listOf(classItem).meta({ minItems: 1, description: 'What to find: names, or classes with their prompts' }),
  ignore: listOf(z.union([prompt, ExampleEntry], { error: 'must be text, or an example {image, box}' }))
    .default([])
    .describe(
      'Prompts, or examples as {image, box}, that compete for a box, and whose boxes are dropped: look-alikes that ' +
        'are not wanted',
    )
    .meta({ examples: [['picture of a bottle']] }),
});

/** Keys of a short form: not those that make it another one. */
function keyExcept(names: string) {
  return z.string().meta({ pattern: `^(?!(?:${names})$)[\\s\\S]*\\S` });
}

/** An ontology in short form: prompt -> class. */
export const ShortOntology = z
  .record(keyExcept('classes'), z.string().describe('Class that this prompt finds').meta({ pattern: NAME }))
  .meta({ minProperties: 1 });

/** The same with the class first: class -> prompts. */
export const PromptLists = z
  .record(
    keyExcept('classes|templates|canonical|ignore|prompts|examples'),
    z.array(prompt).describe('Prompts of this class').meta({ minItems: 1 }),
  )
  .meta({ minProperties: 1 });

/** The part of a YOLO data set's data.yaml that is about classes: the names by number, from 0. */
const dataYaml = <Names extends z.ZodType>(names: Names) => z.looseObject({ names, nc: z.exactOptional(z.int()) });
const className = z.string().meta({ pattern: NAME });
export const DataYaml = {
  list: dataYaml(z.array(className).meta({ minItems: 1 })),
  byNumber: dataYaml(z.record(z.string().meta({ pattern: '^\\d+$' }), className).meta({ minProperties: 1 })),
};

/** Any form; for editors. Reading tells them apart first, so that messages are about the form that was meant. */
export const AnyOntology = z
  .union([FullOntology, ShortOntology, PromptLists, DataYaml.list, DataYaml.byNumber])
  .describe(
    'What to find: in full form (with `classes`), as prompt: class, as class: [prompt, prompt], or as the data.yaml ' +
      'of a YOLO data set',
  );
