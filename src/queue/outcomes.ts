import { z } from 'zod';
import type { Xyxy } from '../core/box.js';
import { compareDetections, type Detection } from '../core/detection.js';
import { FAILURES, type FailureCode } from '../core/errors.js';
import type { ImageFile, ImageOutcome } from '../core/image.js';
import type { Ontology } from '../core/ontology.js';
import { countCrops, type TileOptions } from '../core/tiling/tiles.js';
import { publicAddressOf } from '../images/remote/address.js';
import { MAX_CHUNK_IMAGES } from './protocol.js';

const MAX_TEXT = 20_000; // of a message; it has the last lines that a worker process printed
const MAX_ETAG = 16_384; // what all headers of an answer may have
const MAX_ENCODING = 64;
const SHA256 = /^[\da-f]{64}$/;
const PHASH = /^[\da-f]{16}$/;
const NUMBERS = 8; // a detection: class, query, patch, score, box

const Annotated = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  sizeBytes: z.int().nonnegative(),
  modifiedMs: z.int(), // before 1970 it is negative
  sha256: z.string().regex(SHA256),
  etag: z.string().max(MAX_ETAG).exactOptional(), // of a remote image
  encoding: z.string().max(MAX_ENCODING).exactOptional(),
  phash: z.string().regex(PHASH).exactOptional(),
  degraded: z.string().max(MAX_TEXT).exactOptional(),
  detections: z.array(z.number()), // flat: a tenth of the objects to parse
});

const Failed = z.object({
  code: z.enum(Object.keys(FAILURES) as [FailureCode, ...FailureCode[]]),
  message: z.string().max(MAX_TEXT),
  hint: z.string().max(MAX_TEXT),
  detail: z.string().max(MAX_TEXT).exactOptional(),
});

const Times = z.object({
  read: z.number(),
  decode: z.number(),
  resize: z.number(),
  infer: z.number(),
  wait: z.number(),
});

const Outcome = z.union([Annotated, z.object({ failure: Failed })]);
type SentOutcome = z.output<typeof Outcome>;

const Envelope = z.object({
  key: z.string(), // of the run
  worker: z.string().max(512),
  times: Times, // of its processes, in milliseconds, since it last returned a chunk of the run
  outcomes: z.array(z.unknown()).max(MAX_CHUNK_IMAGES),
});

/** What a worker returns for a chunk: an outcome for each of its images, in their order. */
export interface ChunkResult extends z.output<typeof Envelope> {
  readonly outcomes: SentOutcome[];
}

/** @returns undefined for what has not the form of a result. */
export function parseChunkResult(value: unknown): ChunkResult | undefined {
  const { data } = Envelope.safeParse(value);
  const outcomes = data?.outcomes.map((outcome) => parsePlain(outcome) ?? Outcome.safeParse(outcome).data);
  return outcomes?.every((outcome) => outcome !== undefined) ? { ...data!, outcomes } : undefined;
}

/**
 * What nearly all outcomes are, checked by hand: a schema takes several times as long, and this is the most that the
 * main process of a run does for an image. Its numbers are checked when they become detections.
 *
 * @returns undefined for everything else, which the schema decides.
 */
function parsePlain(value: unknown): SentOutcome | undefined {
  if (typeof value !== 'object' || value === null || 'failure' in value) return undefined;
  const { width, height, sizeBytes, modifiedMs, sha256, ...more } = value as Partial<SentImage>;
  const { encoding, phash, detections, ...others } = more;
  const isPlain =
    isCount(width) &&
    isCount(height) &&
    (sizeBytes === 0 || isCount(sizeBytes)) &&
    Number.isSafeInteger(modifiedMs) &&
    typeof sha256 === 'string' &&
    SHA256.test(sha256) &&
    typeof encoding === 'string' &&
    encoding.length <= MAX_ENCODING &&
    (phash === undefined || (typeof phash === 'string' && PHASH.test(phash))) &&
    Array.isArray(detections) &&
    Object.keys(others).length === 0;
  return isPlain ? (value as SentImage) : undefined;
}

type SentImage = z.output<typeof Annotated>;

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** Names stay behind: the producer knows what it handed out. Times do too: they are in {@link WorkerEntry}. */
export function toSent(outcome: ImageOutcome): SentOutcome {
  if (!outcome.ok) {
    const { code, message, hint, detail } = outcome.failure;
    const cut = (text: string) => text.slice(0, MAX_TEXT);
    return {
      failure: {
        code,
        message: cut(message),
        hint: cut(hint),
        ...(detail === undefined ? {} : { detail: cut(detail) }),
      },
    };
  }
  const { width, height, sizeBytes, modifiedMs, sha256, etag, encoding, phash, degraded, detections } = outcome.result;
  return {
    ...{ width, height, sizeBytes, modifiedMs, sha256 },
    ...(etag === undefined ? {} : { etag }),
    ...(encoding === undefined ? {} : { encoding }),
    ...(phash === undefined ? {} : { phash }),
    ...(degraded === undefined ? {} : { degraded: degraded.slice(0, MAX_TEXT) }),
    detections: detections.flatMap(({ classId, queryId, patchId, score, box }) => [
      ...[classId, queryId, patchId, score],
      ...box,
    ]),
  };
}

/** What outcomes of a run can be. */
export interface OutcomeLimits {
  readonly ontology: Ontology;
  readonly maxDetections: number; // an image
  readonly patches: number; // of one input of the model
  readonly tiles?: TileOptions | undefined; // each tile is an input
}

/** @returns undefined for what this image, or this run, cannot have. */
export function fromSent({ name, url }: ImageFile, sent: SentOutcome, limits: OutcomeLimits): ImageOutcome | undefined {
  if ('failure' in sent) return { ok: false, name, failure: sent.failure };
  const { detections: numbers, ...rest } = sent;
  if (url === undefined && rest.etag !== undefined) return undefined;
  const detections = toDetections(numbers, sent, limits);
  const address = url === undefined ? undefined : publicAddressOf(url);
  const stored = address === undefined ? {} : { url: address };
  return detections && { ok: true, result: { name, ...rest, ...stored, detections } };
}

/** @returns undefined where a number is none, or is not possible in this image and run */
function toDetections(
  numbers: readonly unknown[],
  image: { readonly width: number; readonly height: number },
  { ontology: { queries }, maxDetections, patches, tiles }: OutcomeLimits,
): Detection[] | undefined {
  if (numbers.length % NUMBERS !== 0 || numbers.length > maxDetections * NUMBERS) return undefined;
  if (!numbers.every((number) => typeof number === 'number')) return undefined;
  const patchesOfAll = patches * countCrops(image, tiles);
  const detections: Detection[] = [];
  for (let i = 0; i < numbers.length; i += NUMBERS) {
    const classId = numbers[i]!;
    const queryId = numbers[i + 1]!;
    const patchId = numbers[i + 2]!;
    const score = numbers[i + 3]!;
    const box: Xyxy = [numbers[i + 4]!, numbers[i + 5]!, numbers[i + 6]!, numbers[i + 7]!];
    const isPossible =
      classId >= 0 &&
      queries[queryId]?.classId === classId &&
      Number.isSafeInteger(patchId) &&
      patchId >= 0 &&
      patchId < patchesOfAll &&
      score >= 0 &&
      score <= 1 &&
      liesWithin(box, image);
    if (!isPossible) return undefined;
    const detection = { classId, queryId, patchId, score, box };
    const before = detections.at(-1);
    if (before !== undefined && compareDetections(before, detection) >= 0) return undefined; // they are kept in order
    detections.push(detection);
  }
  return detections;
}

function liesWithin([x1, y1, x2, y2]: Xyxy, { width, height }: { readonly width: number; readonly height: number }) {
  return x1 >= 0 && x1 <= x2 && x2 <= width && y1 >= 0 && y1 <= y2 && y2 <= height;
}
