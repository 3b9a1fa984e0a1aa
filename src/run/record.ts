import { z } from 'zod';
import type { ImageResult } from '../core/image.js';
import { PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import type { Detection } from '../core/detection.js';
import type { Xyxy } from '../core/box.js';
import { canonicalise, toAsked } from '../core/prompts/canonical-prompt.js';
import type { Ontology } from '../core/ontology.js';

const Corners: z.ZodType<Xyxy> = z.tuple([z.number(), z.number(), z.number(), z.number()]); // pixels, upright image

const StoredDetection = z.object({
  class: z.string(),
  prompt: z.string(),
  score: z.number(),
  box: Corners,
  patch: z.number(),
});

/** A line of detections.jsonl: one image. The last line of an image counts. */
export const ImageRecord = z.object({
  image: z.string(),
  id: z.int().positive().exactOptional(), // missing in journals of version 0.1
  replaces: z.int().positive().exactOptional(), // earlier lines of the image, which count no more: its file has changed
  width: z.number(),
  height: z.number(),
  detections: z.array(StoredDetection),
  size_bytes: z.number(),
  modified_ms: z.number(),
  sha256: z.string(),
  etag: z.string().exactOptional(), // of a remote image, that its server gave these bytes
  url: z.string().exactOptional(), // of a remote image; left out where it has a query or user info
  encoding: z.string().exactOptional(), // JPEG, PNG, float TIFF; missing in journals of version 0.1
  phash: z.string().exactOptional(), // of what the image looks like, 16 hexadecimal digits; missing in earlier versions
  degraded: z.string().exactOptional(),
});
export type ImageRecord = z.output<typeof ImageRecord>;

const FIELDS = new Set(Object.keys(ImageRecord.shape));
const FIELDS_OF_DETECTION = new Set(Object.keys(StoredDetection.shape));

/** Whether a value is what the schema makes of it, in a fraction of the time: journals have many lines. */
export function isImageRecord(value: unknown): value is ImageRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { image, id, replaces, width, height, detections } = value as Unchecked;
  const { size_bytes: size, modified_ms: modified, sha256, etag, url, encoding, phash, degraded } = value as Unchecked;
  return (
    typeof image === 'string' &&
    (id === undefined || isPositiveInteger(id)) &&
    (replaces === undefined || isPositiveInteger(replaces)) &&
    [width, height, size, modified].every(Number.isFinite) &&
    typeof sha256 === 'string' &&
    [etag, url, encoding, phash, degraded].every((text) => text === undefined || typeof text === 'string') &&
    !hasOthers(value, FIELDS) &&
    Array.isArray(detections) &&
    detections.every(isStoredDetection)
  );
}

type Unchecked = { readonly [Field in keyof ImageRecord]?: unknown };

export function isPositiveInteger(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** Whether an object of JSON has other fields. */
function hasOthers(value: object, fields: ReadonlySet<string>): boolean {
  for (const field in value) if (!fields.has(field)) return true;
  return false;
}

function isStoredDetection(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const {
    class: name,
    prompt,
    score,
    box,
    patch,
  } = value as { readonly [Field in keyof typeof StoredDetection.shape]?: unknown };
  return (
    typeof name === 'string' &&
    typeof prompt === 'string' &&
    Number.isFinite(score) &&
    Number.isFinite(patch) &&
    Array.isArray(box) &&
    box.length === 4 &&
    box.every(Number.isFinite) &&
    !hasOthers(value, FIELDS_OF_DETECTION)
  );
}

/** Classes and prompts are written by name, so that each line can be understood on its own. */
export function toRecord(result: ImageResult, id: number, ontology: Ontology): ImageRecord {
  return {
    image: result.name,
    id,
    width: result.width,
    height: result.height,
    detections: result.detections.map(({ classId, queryId, patchId, score, box }) => ({
      class: ontology.classes[classId]!.name,
      prompt: ontology.queries[queryId]!.prompt,
      score,
      box,
      patch: patchId,
    })),
    size_bytes: result.sizeBytes,
    modified_ms: result.modifiedMs,
    sha256: result.sha256,
    ...(result.etag === undefined ? {} : { etag: result.etag }),
    ...(result.url === undefined ? {} : { url: result.url }),
    ...(result.encoding === undefined ? {} : { encoding: result.encoding }),
    ...(result.phash === undefined ? {} : { phash: result.phash }),
    ...(result.degraded === undefined ? {} : { degraded: result.degraded }),
  };
}

/**
 * Turns records back into detections. A run may have been resumed with prompts in another spelling, or with canonical
 * prompts turned on or off, as long as the model was asked the same.
 */
export class RecordReader {
  readonly #queryIds: ReadonlyMap<string, number>;
  readonly #ontology: Ontology;

  constructor(ontology: Ontology) {
    this.#ontology = ontology;
    const ids = [...ontology.queries.entries()];
    const byAsked = ids.flatMap(([id, { prompt, example }]) =>
      example === undefined ? [[this.#toAsked(prompt), id] as const] : [],
    );
    this.#queryIds = new Map([...byAsked.reverse(), ...ids.map(([id, { prompt }]) => [prompt, id] as const)]);
  }

  /** @throws PreannotateError JOURNAL_DAMAGED when the record names a prompt that the ontology does not have. */
  detectionsOf({ image, detections }: Pick<ImageRecord, 'image' | 'detections'>): Detection[] {
    return detections.map(({ prompt, score, box, patch }) => {
      const queryId = this.#findQuery(prompt);
      if (queryId === undefined) throw unknownPromptError(image, prompt);
      return { classId: this.#ontology.queries[queryId]!.classId, queryId, patchId: patch, score, box };
    });
  }

  /** Where some records have canonical prompts and others do not, what all of them asked is canonical. */
  #findQuery(prompt: string): number | undefined {
    const ids = this.#queryIds;
    return ids.get(prompt) ?? ids.get(this.#toAsked(prompt)) ?? ids.get(canonicalise(prompt));
  }

  #toAsked(prompt: string): string {
    return toAsked(prompt, this.#ontology.canonical === true);
  }
}

function unknownPromptError(image: string, prompt: string): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${printable(image)} was annotated with "${printable(prompt)}", which is not in the ontology.`,
    hint: 'Restore detections.jsonl from a copy, or use the version of preannotate that wrote it.',
  });
}
