import { z } from 'zod';
import { IMAGE_FILES } from '../core/image-files.js';
import { FITS, POSITIONS } from '../core/inference/input-form.js';
import { PRECISIONS } from '../core/precision.js';
import { ImageChoice } from './choose-images.js';
import { StoredSplit } from './view-options.js';
import { StoredOntology } from './stored-ontology.js';

export const JOURNAL_VERSION = 1;

const Sides = z.tuple([z.number(), z.number()]); // height, width

/** What decides the model's answers beside the model and the ontology. Keys of other versions are kept and compared. */
export const StoredOptions = z.looseObject({
  precision: z.enum(PRECISIONS).exactOptional(), // fp32 where it is missing, in journals from before there was a choice
  attention: z.literal('int8').exactOptional(), // left out: in float, as earlier versions had it in int8 too
  image_size: z.union([z.literal('native'), Sides]),
  tiles: z.object({ size: Sides, overlap: z.number(), full_image: z.boolean() }).exactOptional(), // left out: not cut
  fit: z.enum(FITS).exactOptional(), // missing in version 0.1: stretch for OWL-ViT, grey for OWLv2
  min_objectness: z.number().exactOptional(), // left out: not asked for
  // Boxes come from features in this type; left out: they do not, or it is float32, which gives the same.
  features: z.object({ dtype: z.literal('float16') }).exactOptional(),
  positions: z.enum(POSITIONS).exactOptional(), // of patches; left out: interpolate, where there is a difference
  score_floor: z.number(),
  max_stored: z.number(), // detections per image
  max_pixels: z.number(),
  max_bytes: z.number(),
  strict_images: z.boolean(),
  allow_truncate: z.boolean(),
  example_rule: z.literal('auto').exactOptional(), // left out: as transformers, or the same for this job
  // Of what the mean over a prompt's texts was taken. Left out where each has one, of exports, and by version 0.1,
  // which averaged embeddings and normalised the mean again, as exports do.
  template_mean: z.literal('logits').exactOptional(),
});
export type StoredOptions = z.output<typeof StoredOptions>;

/** Numbers by class name. */
export const ClassIds = z.record(z.string(), z.int());
export type ClassIds = Readonly<z.output<typeof ClassIds>>;

/** What a shard tells `merge`, beside what every run has. */
export const PartScope = z.object({
  found_sha256: z.string(), // of the names of all images found, sorted, each with a line's end
  chosen: z.int(), // images of this shard
  previews: z.union([z.literal(true), z.int()]), // as `--preview` asked for them: all, or the first n of the whole run
  not_found: z.array(z.string()).exactOptional(), // annotated images that are not among those found; in run.json
});
export type PartScope = z.output<typeof PartScope>;

/** What the views of a run show, and of which images. It decides nothing that the model finds. */
export const RunScope = z.object({
  // Image names are relative to it, and it to the output folder; absolute in earlier versions. Remote images have none.
  root: z.string().exactOptional(),
  root_absolute: z.string().exactOptional(), // where it was when the run was made
  selection: z.record(z.string(), z.unknown()), // what the views show, as config/selection.ts writes and reads it
  formats: z.array(z.string()),
  images: z.enum(IMAGE_FILES).exactOptional(), // beside the labels; missing in version 0.1
  split: StoredSplit.exactOptional(), // of the images; left out: they are not divided
  negatives: z.number().exactOptional(), // share of images with nothing found that views have; left out: all of them
  upright: z.literal(true).exactOptional(), // turned images are written upright; left out: they are as they are
  only_reviewed: z.literal(true).exactOptional(), // views have accepted images alone; left out: they have all
  choice: ImageChoice.exactOptional(), // of them; missing in version 0.1
  found: z.number(), // images
  part: PartScope.exactOptional(), // of a shard only
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
