import { z } from 'zod';
import { PreannotateError } from '../core/errors.js';
import { IMAGE_FILES } from '../core/image-files.js';
import { FITS, type Fit } from '../core/inference/input-form.js';
import { labelOf, type OntologySpec } from '../core/ontology.js';
import { PRECISIONS } from '../core/precision.js';
import { ImageChoice } from './choose-images.js';
import { StoredOntology } from './stored-ontology.js';

export const JOURNAL_VERSION = 1;

const Sides = z.tuple([z.number(), z.number()]); // height, width

/** What decides the model's answers beside the model and the ontology. Keys of other versions are kept and compared. */
export const StoredOptions = z.looseObject({
  precision: z.enum(PRECISIONS).exactOptional(), // fp32 where it is missing, in journals from before there was a choice
  image_size: z.union([z.literal('native'), Sides]),
  tiles: z.object({ size: Sides, overlap: z.number(), full_image: z.boolean() }).exactOptional(), // left out: not cut
  fit: z.enum(FITS).exactOptional(), // missing in version 0.1: stretch for OWL-ViT, grey for OWLv2
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
 * Refuses to add the results of one job to those of another. Thresholds may differ: they are applied later.
 *
 * @throws PreannotateError RESUME_MISMATCH naming the first difference.
 */
export function assertSameJob(before: JournalHeader, now: JournalHeader, path: string): void {
  const [was, is] = [decisive(before), decisive(now)];
  const difference = firstDifference(was, is);
  if (difference !== undefined) throw mismatchError(path, difference, adviseOnForm(was, is));
  if (before.ontology.templates.length < 2 || before.options.template_mean === now.options.template_mean) return;
  throw new PreannotateError({
    code: 'RESUME_MISMATCH',
    message: `${path} belongs to another job. Difference: ${describeMean(before)}; now ${describeMean(now)}.`,
    hint: 'Finish it with preannotate 0.1.0, give another --out folder, or use --restart to annotate everything again.',
  });
}

function describeMean({ options }: JournalHeader): string {
  return options.template_mean === 'logits'
    ? 'the logits of the templates are averaged'
    : 'the mean of the embeddings of the templates was normalised again';
}

function mismatchError(path: string, difference: string, hint = OTHER_JOB_HINT): PreannotateError {
  return new PreannotateError({
    code: 'RESUME_MISMATCH',
    message: `${path} belongs to another job. ${difference}`,
    hint,
  });
}

const OTHER_JOB_HINT =
  'Give another --out folder, use --restart to annotate everything again, or run the first job again.';

/** How to finish the first job, where nothing differs but how images come to the model. */
function adviseOnForm(before: Record<string, unknown>, now: Record<string, unknown>): string | undefined {
  if (firstDifference({ ...before, fit: undefined }, { ...now, fit: undefined }) !== undefined) return undefined;
  return (
    `Add --fit ${String(before['fit'])} to finish it as it was begun, give another --out folder, or use --restart to ` +
    'annotate everything again.'
  );
}

/** What an ontology decides that differs between the two, in words; undefined when they differ in thresholds only. */
export function ontologyDifference(before: OntologySpec, now: OntologySpec): string | undefined {
  return firstDifference(decisiveOntology(before), decisiveOntology(now));
}

function decisive({ journal, model, ontology, options }: JournalHeader): Record<string, unknown> {
  const { template_mean: _, ...others } = options;
  return {
    'version of the journal': journal,
    'model (SHA-256 of its weights)': model.sha256,
    'model (hash of its configuration and tokenizer)': model.key,
    ...decisiveOntology(ontology),
    ...others,
    precision: options.precision ?? 'fp32',
    example_rule: options.example_rule ?? 'transformers', // of version 0.1
  };
}

function decisiveOntology(ontology: OntologySpec): Record<string, unknown> {
  const { classes, ignore, templates } = ontology;
  return {
    'number of classes': classes.length,
    ...Object.fromEntries(classes.map(({ name }, i) => [`name of class ${i + 1}`, name])),
    ...Object.fromEntries(classes.map(({ name, id }) => [`id of class "${name}"`, id])),
    ...Object.fromEntries(classes.map(({ name, prompts }) => [`prompts of class "${name}"`, prompts])),
    'ignored prompts': ignore,
    ...decisiveExamples(ontology),
    templates,
  };
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

function firstDifference(before: Record<string, unknown>, now: Record<string, unknown>): string | undefined {
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const was = key in before ? JSON.stringify(before[key]) : 'not set';
    const is = key in now ? JSON.stringify(now[key]) : 'not set';
    if (was !== is) return `Difference: ${key} was ${was}; now it is ${is}.`;
  }
  return undefined;
}
