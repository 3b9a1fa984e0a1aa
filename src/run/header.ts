import { z } from 'zod';
import { PreannotateError } from '../core/errors.js';
import { IMAGE_FILES } from '../core/image-files.js';
import { FITS, POSITIONS, type Fit, type Positions } from '../core/inference/input-form.js';
import { labelOf, type OntologySpec } from '../core/ontology.js';
import { PRECISIONS } from '../core/precision.js';
import { ImageChoice } from './choose-images.js';
import { findAskedDifference, type Difference } from './asked-difference.js';
import { StoredOntology } from './stored-ontology.js';

export const JOURNAL_VERSION = 1;

const Sides = z.tuple([z.number(), z.number()]); // height, width

/** What decides the model's answers beside the model and the ontology. Keys of other versions are kept and compared. */
export const StoredOptions = z.looseObject({
  precision: z.enum(PRECISIONS).exactOptional(), // fp32 where it is missing, in journals from before there was a choice
  image_size: z.union([z.literal('native'), Sides]),
  tiles: z.object({ size: Sides, overlap: z.number(), full_image: z.boolean() }).exactOptional(), // left out: not cut
  fit: z.enum(FITS).exactOptional(), // missing in version 0.1: stretch for OWL-ViT, grey for OWLv2
  min_objectness: z.number().exactOptional(), // left out: not asked for
  positions: z.enum(POSITIONS).exactOptional(), // of patches; left out: interpolate, where there is a difference
  score_floor: z.number(),
  max_stored: z.number(), // detections per image
  max_pixels: z.number(),
  max_bytes: z.number(),
  strict_images: z.boolean(),
  allow_truncate: z.boolean(),
  example_rule: z.literal('auto').exactOptional(), // left out: as transformers, or the same for this job
  // Of what the mean over a prompt's templates was taken. Left out with fewer than two, of exports, and by version 0.1,
  // which averaged embeddings and normalised the mean again, as exports do.
  template_mean: z.literal('logits').exactOptional(),
});
export type StoredOptions = z.output<typeof StoredOptions>;

/** Numbers by class name. */
export const ClassIds = z.record(z.string(), z.int());
export type ClassIds = Readonly<z.output<typeof ClassIds>>;

/** What the views of a run show, and of which images. It decides nothing that the model finds. */
export const RunScope = z.object({
  root: z.string(), // image names are relative to it, and it to the output folder; absolute in earlier versions
  root_absolute: z.string().exactOptional(), // where it was when the run was made
  selection: z.record(z.string(), z.unknown()), // what the views show, as config/selection.ts writes and reads it
  formats: z.array(z.string()),
  images: z.enum(IMAGE_FILES).exactOptional(), // beside the labels; missing in version 0.1
  choice: ImageChoice.exactOptional(), // of them; missing in version 0.1
  found: z.number(), // images
});
export type RunScope = z.output<typeof RunScope>;

/**
 * The first line of the journal: everything that decides what the model finds in an image. `run` is how the run was
 * begun; it is not compared when the run is resumed, and replaces run.json and classes.json when they are lost.
 */
export const JournalHeader = z.object({
  journal: z.number(), // version of the file's form
  preannotate: z.string(),
  created: z.string(), // ISO 8601; when the output folder was started
  model: z.object({ reference: z.string(), sha256: z.string(), key: z.string() }),
  ontology: StoredOntology,
  options: StoredOptions,
  run: RunScope.extend({ classes: ClassIds }).exactOptional(), // of classes.json; missing in version 0.1
});
export type JournalHeader = z.output<typeof JournalHeader>;

/** A header that says how images were fitted. @param unrecorded - What a header that does not say it means. */
export function withFit(header: JournalHeader, unrecorded: Fit): JournalHeader {
  const { options } = header;
  return { ...header, options: { ...options, fit: options.fit ?? unrecorded } };
}

/**
 * Refuses to add the results of one job to those of another. Thresholds may differ: they are applied later. So may the
 * spelling of prompts where the model is asked the same.
 *
 * @throws PreannotateError RESUME_MISMATCH naming the first difference, and how to go on where all of them allow it.
 */
export function assertSameJob(before: JournalHeader, now: JournalHeader, path: string): void {
  const differences = [
    firstDifference(decisive(before), decisive(now)),
    findAskedDifference(before.ontology, now.ontology),
    findMeanDifference(before, now),
    findFitDifference(before, now),
    findRuleDifference(before, now),
    findPositionsDifference(before, now),
  ].filter((difference) => difference !== undefined);
  if (differences.length === 0) return;
  throw new PreannotateError({
    code: 'RESUME_MISMATCH',
    message: `${path} belongs to another job. Difference: ${differences[0]!.what}.`,
    hint: adviseOn(differences),
  });
}

function adviseOn(differences: readonly Difference[]): string {
  const ways = differences.flatMap(({ finish = [] }) => finish);
  if (ways.length < differences.length)
    return 'Give another --out folder, use --restart to annotate everything again, or run the first job again.';
  const way = ways.includes(EARLIER_VERSION) ? EARLIER_VERSION : ways.join(', and ');
  return (
    `${way[0]!.toUpperCase()}${way.slice(1)} to finish it as it was begun, give another --out folder, or use ` +
    '--restart to annotate everything again.'
  );
}

function findFitDifference({ options: { fit: was } }: JournalHeader, { options: { fit: is } }: JournalHeader) {
  const difference = firstDifference({ fit: was }, { fit: is });
  return difference && { ...difference, finish: `add --fit ${String(was)}` };
}

/** Version 0.1 knew no other rule than that of transformers. */
function findRuleDifference(before: JournalHeader, now: JournalHeader): Difference | undefined {
  const [was, is] = [before, now].map(({ options }) => options.example_rule ?? 'transformers');
  const difference = firstDifference({ example_rule: was }, { example_rule: is });
  return difference && { ...difference, finish: `add --example-rule ${String(was)}` };
}

function findPositionsDifference(before: JournalHeader, now: JournalHeader): Difference | undefined {
  const [was, is] = [before, now].map(({ options }): Positions => options.positions ?? 'interpolate');
  const difference = firstDifference({ positions: was }, { positions: is });
  return difference && { ...difference, finish: `add --positions ${was === 'slice' ? 'auto' : 'interpolate'}` };
}

/** What an ontology decides that differs between the two, in words; undefined when they differ in thresholds only. */
export function ontologyDifference(before: OntologySpec, now: OntologySpec): string | undefined {
  const difference =
    firstDifference(decisiveOntology(before), decisiveOntology(now)) ?? findAskedDifference(before, now);
  return difference && `Difference: ${difference.what}.`;
}

function decisive({ journal, model, ontology, options }: JournalHeader): Record<string, unknown> {
  const { template_mean: _, fit: __, example_rule: ___, positions: ____, ...others } = options;
  return {
    'version of the journal': journal,
    'model (SHA-256 of its weights)': model.sha256,
    'model (hash of its configuration and tokenizer)': model.key,
    ...decisiveOntology(ontology),
    ...others,
    precision: options.precision ?? 'fp32',
  };
}

/** All but prompts. */
function decisiveOntology(ontology: OntologySpec): Record<string, unknown> {
  const { classes } = ontology;
  return {
    'number of classes': classes.length,
    ...Object.fromEntries(classes.map(({ name }, i) => [`name of class ${i + 1}`, name])),
    ...Object.fromEntries(classes.map(({ name, id }) => [`id of class "${name}"`, id])),
    ...decisiveExamples(ontology),
  };
}

const EARLIER_VERSION = 'use the version of preannotate that began it';

function findMeanDifference(before: JournalHeader, now: JournalHeader): Difference | undefined {
  const isSame = before.options.template_mean === now.options.template_mean;
  if (isSame || before.ontology.templates.length < 2) return undefined;
  return {
    what: `the mean over templates was that of ${describeMean(before)}; now it is that of ${describeMean(now)}`,
    finish: EARLIER_VERSION,
  };
}

function describeMean({ options }: JournalHeader): string {
  return options.template_mean ?? 'embeddings, normalised again';
}

/** First which examples there are, then the content of each, so that the message names a changed image. */
function decisiveExamples({ classes, ignoreExamples = [] }: OntologySpec): Record<string, unknown> {
  const all = [...classes.flatMap(({ examples = [] }) => examples), ...ignoreExamples];
  return {
    ...Object.fromEntries(
      classes.map(({ name, examples = [] }) => [`examples of class "${name}"`, examples.map(labelOf)]),
    ),
    'ignored examples': ignoreExamples.map(labelOf),
    ...Object.fromEntries(all.map((example) => [`the content (SHA-256) of "${labelOf(example)}"`, example.sha256])),
  };
}

function firstDifference(before: Record<string, unknown>, now: Record<string, unknown>): Difference | undefined {
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const was = key in before ? JSON.stringify(before[key]) : 'not set';
    const is = key in now ? JSON.stringify(now[key]) : 'not set';
    if (was !== is) return { what: `${key} was ${was}; now it is ${is}` };
  }
  return undefined;
}
