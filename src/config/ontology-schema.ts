import { z } from 'zod';

/** Sane limits: every prompt is a row of the matrix that each image is held against. */
export const MAX_PROMPTS = 10_000;
const MAX_TEMPLATES = 100;
const MAX_ID = 2 ** 31 - 1; // readers of COCO keep ids in 32 bits

const prompt = z.string();
const threshold = z.number().min(0).max(1);

/** `prompts` may be missing here only so that its absence gets a better message than a schema gives; editors ask for it. */
export const ClassEntry = z
  .strictObject({
    name: z.string().describe('Class name, as annotation files have it'),
    id: z
      .exactOptional(z.int().min(1).max(MAX_ID))
      .describe('Number of the class in annotation files, from 1. Default: the smallest one not taken, in order'),
    prompts: z.exactOptional(z.array(prompt)).meta({
      minItems: 1,
      description: 'Wordings that find this class; a box gets the class of its best one. At most 16 tokens each',
    }),
    threshold: z
      .exactOptional(threshold)
      .describe('Keep boxes of this class scoring above this (0 to 1); beats every other threshold'),
  })
  .meta({ required: ['name', 'prompts'] });

/** An ontology in full form. */
export const FullOntology = z.strictObject({
  templates: z
    .array(z.string())
    .max(MAX_TEMPLATES)
    .default([])
    .describe(
      'Sentences with {} for the prompt; each prompt is put into each of them, and the embeddings are averaged',
    ),
  threshold: z
    .exactOptional(threshold)
    .describe('Keep boxes scoring above this (0 to 1), for classes without their own; --score-threshold beats it'),
  classes: z.array(ClassEntry).meta({ minItems: 1, description: 'What to find' }),
  ignore: z
    .array(prompt)
    .default([])
    .describe('Prompts that compete for a box, and whose boxes are dropped: look-alikes that are not wanted'),
});

/** An ontology in short form: prompt -> class. */
export const ShortOntology = z.record(prompt, z.string().describe('Class that this prompt finds'));

/** Either form; for editors. Reading tells them apart first, so that messages are about the form that was meant. */
export const AnyOntology = z
  .union([FullOntology, ShortOntology])
  .describe('What to find: prompts and their classes, in full form (with `classes`) or as prompt: class');
