import { z } from 'zod';
import { StoredOntology } from '../run/stored-ontology.js';
import { EXAMPLE_RULES } from '../core/inference/example-rule.js';
import { FITS } from '../core/inference/input-form.js';
import { PRECISIONS } from '../core/precision.js';
import type { ChosenExample } from '../core/seen-example.js';
import { MAX_URL_LENGTH } from '../net/url-policy.js';
import type { EngineJob } from '../workers/start-engine.js';

/** Images that a worker takes at once; longer lists are refused. */
export const MAX_CHUNK_IMAGES = 16;

/** Why a worker fails the chunk of a single image that other workers vanished with. */
export const VANISHED = 'workers vanished with this image';

const MAX_NAME = 4096; // characters
const MAX_MESSAGE = 20_000;

/** A run as the list of runs has it: enough to see whether this version can work for it. */
export const Registration = z.object({ version: z.string(), key: z.string(), name: z.string() });
export type Registration = z.output<typeof Registration>;

const Side = z.int().positive();
const Fraction = z.number().min(0).max(1);

/** How the worker processes are set, but for the optimizer: each worker has its own, as its devices are. */
const SentWorker = z.strictObject({
  imageSize: z.object({ height: Side, width: Side }).exactOptional(),
  tiles: z.object({ height: Side, width: Side, overlap: Fraction, fullImage: z.boolean() }).exactOptional(),
  scoreFloor: Fraction,
  minObjectness: Fraction.exactOptional(),
  maxDetections: z.int().positive(),
  maxPixels: z.number().positive(),
  maxBytes: z.number().positive(),
  strictImages: z.boolean(),
  exampleRule: z.enum(EXAMPLE_RULES),
  stageTimeoutSec: z.number().positive().exactOptional(),
} satisfies Record<keyof Omit<EngineJob['worker'], 'optimizer'>, z.ZodType>);

const SentSelection = z.strictObject({
  thresholds: z.array(z.number()).readonly(), // one per class, as the next
  nmsIou: z.array(z.number()).readonly().nullable(),
  classAgnosticNms: z.boolean(),
  maxDetections: z.number(),
} satisfies Record<keyof EngineJob['selection'], z.ZodType>);

/** Everything a worker needs to know of a run. */
export const RunDescription = z.object({
  key: z.string(), // of what decides results: see run-key.ts
  model: z.object({
    reference: z.string(), // a folder is absolute
    isFolder: z.boolean(),
    sha256: z.string(),
    key: z.string(),
    precision: z.enum(['auto', ...PRECISIONS]), // as requested: it also decides which files are fetched
  }),
  ontology: StoredOntology,
  places: z.object({ whole: z.string(), byLabel: z.record(z.string(), z.string()) }),
  allowTruncate: z.boolean(),
  form: z.object({ fit: z.enum(['auto', ...FITS]), positions: z.enum(['auto', 'interpolate']) }),
  worker: SentWorker,
  selection: SentSelection,
  exampleFolder: z.string(),
  imageFolder: z.string().exactOptional(), // that names of image files are relative to
  /** Of remote images: `https://example.org`, `s3://bucket`. */
  hosts: z.array(z.string().max(MAX_NAME)).readonly().exactOptional(),
  images: z.int().positive().nullable(), // that are left; null: more will come
  chunkImages: z.int().positive().max(MAX_CHUNK_IMAGES), // in a chunk, at most
});
export type RunDescription = z.output<typeof RunDescription>;

/** The data of a BullMQ job. It is the only place in the Redis that has addresses of images, which may hold secrets. */
export const Chunk = z.object({
  key: z.string(), // of the run
  images: z
    .array(z.object({ name: z.string().min(1).max(MAX_NAME), url: z.string().max(MAX_URL_LENGTH).exactOptional() }))
    .min(1)
    .max(MAX_CHUNK_IMAGES),
});
export type Chunk = z.output<typeof Chunk>;

/** What a worker says of itself, every few seconds. */
export const WorkerEntry = z.object({
  host: z.string().max(256),
  pid: z.int(),
  state: z.enum(['starting', 'working', 'refused']),
  message: z.string().max(MAX_MESSAGE).exactOptional(), // why it refuses the run
  devices: z.array(z.string().max(64)).max(1024),
  processes: z.int(), // worker processes on them
  restarts: z.int(), // of these
  images: z.int(), // answered for this run
  beat: z.int(), // raised each time
});
export type WorkerEntry = z.output<typeof WorkerEntry>;

const Corners = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const Example = z.object({ image: z.string(), box: Corners.exactOptional(), sha256: z.string() });

/** Where the model sees the objects of the run's examples. */
export const ReportedExamples: z.ZodType<readonly ChosenExample[]> = z.array(
  z.object({ example: Example, classId: z.int(), choice: z.object({ box: Corners, iou: z.number() }) }),
);

/** Reads JSON from Redis. @returns undefined for a value that is missing, or not of this form */
export function parseStored<T>(schema: z.ZodType<T>, text: string | null | undefined): T | undefined {
  if (text === null || text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
