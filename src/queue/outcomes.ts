import { z } from 'zod';
import type { Detection } from '../core/detection.js';
import { FAILURES, type FailureCode } from '../core/errors.js';
import type { ImageFile, ImageOutcome } from '../core/image.js';
import type { Ontology } from '../core/ontology.js';
import { publicAddressOf } from '../images/remote/address.js';

const MAX_TEXT = 20_000; // of a message; it has the last lines that a worker process printed
const MAX_ETAG = 16_384; // what all headers of an answer may have
const NUMBERS = 8; // a detection: class, query, patch, score, box

const Annotated = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  sizeBytes: z.number(),
  modifiedMs: z.number(),
  sha256: z.string().regex(/^[\da-f]{64}$/),
  etag: z.string().max(MAX_ETAG).exactOptional(), // of a remote image
  encoding: z.string().max(64).exactOptional(),
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

/** What a worker returns for a chunk: an outcome for each of its images, in their order. */
export const ChunkResult = z.object({
  key: z.string(), // of the run
  worker: z.string().max(512),
  times: Times, // of its processes, in milliseconds, since it last returned a chunk of the run
  outcomes: z.array(z.union([Annotated, z.object({ failure: Failed })])),
});
export type ChunkResult = z.output<typeof ChunkResult>;

type SentOutcome = ChunkResult['outcomes'][number];

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
  const { width, height, sizeBytes, modifiedMs, sha256, etag, encoding, degraded, detections } = outcome.result;
  return {
    ...{ width, height, sizeBytes, modifiedMs, sha256 },
    ...(etag === undefined ? {} : { etag }),
    ...(encoding === undefined ? {} : { encoding }),
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

function toDetections(
  numbers: readonly number[],
  { width, height }: { readonly width: number; readonly height: number },
  { ontology: { queries }, maxDetections }: OutcomeLimits,
): Detection[] | undefined {
  if (numbers.length % NUMBERS !== 0 || numbers.length > maxDetections * NUMBERS) return undefined;
  const detections: Detection[] = [];
  for (let i = 0; i < numbers.length; i += NUMBERS) {
    const [classId, queryId, patchId, score, x1, y1, x2, y2] = numbers.slice(i, i + NUMBERS) as Eight;
    const isPossible =
      queries[queryId]?.classId === classId &&
      Number.isSafeInteger(patchId) &&
      patchId >= 0 &&
      score >= 0 &&
      score <= 1 &&
      x1 >= 0 &&
      x1 <= x2 &&
      x2 <= width &&
      y1 >= 0 &&
      y1 <= y2 &&
      y2 <= height;
    if (!isPossible || classId < 0) return undefined;
    detections.push({ classId, queryId, patchId, score, box: [x1, y1, x2, y2] });
  }
  return detections;
}

type Eight = [number, number, number, number, number, number, number, number];
