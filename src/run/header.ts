import { PreannotateError } from '../core/errors.js';
import type { Precision } from '../core/precision.js';
import { labelOf, type OntologySpec } from '../core/ontology.js';

export const JOURNAL_VERSION = 1;

/** How images are cut, as a config file has it. */
export interface WrittenTiles {
  readonly size: readonly [height: number, width: number];
  readonly overlap: number;
  readonly full_image: boolean;
}

/** The first line of the journal: everything that decides what the model says of an image. */
export interface JournalHeader {
  readonly journal: number; // version of the file's form
  readonly preannotate: string;
  readonly created: string; // ISO 8601; when the output folder was begun
  readonly model: { readonly reference: string; readonly sha256: string; readonly key: string };
  readonly ontology: OntologySpec;
  readonly options: {
    readonly precision?: Precision; // fp32 where it is missing, in journals from before there was a choice
    readonly image_size: 'native' | readonly [height: number, width: number];
    readonly tiles?: WrittenTiles; // left out where images are not cut
    readonly score_floor: number;
    readonly max_stored: number; // detections of an image
    readonly max_pixels: number;
    readonly max_bytes: number;
    readonly strict_images: boolean;
    readonly allow_truncate: boolean;
  };
}

/**
 * Refuses to add the results of one job to those of another. Thresholds may differ: they are applied later.
 *
 * @throws PreannotateError RESUME_MISMATCH naming the first difference.
 */
export function assertSameJob(before: JournalHeader, now: JournalHeader, path: string): void {
  const difference = firstDifference(decisive(before), decisive(now));
  if (difference === undefined) return;
  throw new PreannotateError({
    code: 'RESUME_MISMATCH',
    message: `${path} was begun with another job. ${difference}`,
    hint: 'Give another --out folder, use --restart to throw the results away, or run the first job again.',
  });
}

function decisive({ journal, model, ontology, options }: JournalHeader): Record<string, unknown> {
  return {
    'version of the journal': journal,
    'model (SHA-256 of its weights)': model.sha256,
    'model (hash of its configuration and tokenizer)': model.key,
    'number of classes': ontology.classes.length,
    ...Object.fromEntries(ontology.classes.map(({ name }, i) => [`name of class ${i + 1}`, name])),
    ...Object.fromEntries(ontology.classes.map(({ name, id }) => [`id of class "${name}"`, id])),
    ...Object.fromEntries(ontology.classes.map(({ name, prompts }) => [`prompts of class "${name}"`, prompts])),
    'ignored prompts': ontology.ignore,
    ...decisiveExamples(ontology),
    templates: ontology.templates,
    ...options,
    precision: options.precision ?? 'fp32',
  };
}

/** Which there are, then what is in each, so that a changed picture is named. */
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
    if (was !== is) return `Then, ${key} was ${was}; now it is ${is}.`;
  }
  return undefined;
}
