import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { SeenExample } from '../core/seen-example.js';
import { replaceFile } from '../disk/atomic.js';
import { checksum } from '../disk/checked-line.js';
import { jsonError, readJsonFile } from '../disk/json.js';
import { RunScope, StoredOptions } from './header.js';
import { ViewCounts } from './images/counted-images.js';
import { StoredOntology } from './stored-ontology.js';

const FILE = 'run.json';

/** Images, unless noted otherwise. */
const RunCounts = z.object({
  found: z.number(), // and those in the views that this attempt did not look for
  annotated: z.number(), // in the views
  resumed: z.number(), // of them, by earlier attempts
  duplicates: z.number().exactOptional(), // in this attempt, with the bytes and so the result of another image; if any
  failed: z.number(), // in this attempt; images and folders
  failed_before: z.number().exactOptional(), // in the attempt before, where only what failed in it was tried again
  skipped: z.number(), // files that are no images; `left_out` has their endings
  features: z // of images in this attempt, where they are kept
    .object({ read: z.number(), encoded: z.number(), damaged: z.number() })
    .exactOptional(),
  ...ViewCounts.partial().shape, // of all that is annotated; missing until the views are written
  gone: z.number().exactOptional(), // annotated, and left out of the views; left out when there is none
  outdated: z.number().exactOptional(), // the same for those that have changed since, and are not annotated again yet
  previews: z.number().exactOptional(), // that the folder is to have; left out when it has none
  missing_previews: z.number().exactOptional(), // could not be drawn; left out when there is none
  missing_copies: z.number().exactOptional(), // of remote images, could not be downloaded; left out when there is none
});

/** Files of views that were asked for and could not be made. */
export interface MissingFiles {
  readonly previews: number;
  readonly copies: number; // of remote images
}

export const NONE_MISSING: MissingFiles = { previews: 0, copies: 0 };

/** As run.json and --json have them. */
export function toMissingCounts({ previews, copies }: MissingFiles): MissingCounts {
  return {
    ...(previews > 0 ? { missing_previews: previews } : {}),
    ...(copies > 0 ? { missing_copies: copies } : {}),
  };
}

type MissingCounts = Pick<z.output<typeof RunCounts>, 'missing_previews' | 'missing_copies'>;

/** Files of one ending that are no images of the run. */
const LeftOut = z.object({
  ending: z.string(), // without dot; empty for names without one
  files: z.number(),
  content: z.string().exactOptional(), // what the first of them is, where it was looked at
  convert: z.string().exactOptional(), // a command that makes an image of it
});

const SeenExampleSchema: z.ZodType<SeenExample> = z.object({
  example: z.string(),
  class: z.string().exactOptional(),
  box: z.tuple([z.number(), z.number(), z.number(), z.number()]), // corners, pixels of the upright image
  iou: z.number(),
});

/** run.json: the job, how far it is, and its counts. */
export const RunManifest = z.object({
  preannotate: z.string(), // version
  status: z.enum(['running', 'interrupted', 'done']), // `running` is true only while the folder's lock is held
  created: z.string(), // ISO 8601; when the output folder was started
  started: z.string(), // when this attempt was
  finished: z.string().exactOptional(),
  stopped_by: z.literal('max_runtime').exactOptional(), // before the last image; the same command continues
  root: RunScope.shape.root,
  root_absolute: RunScope.shape.root_absolute,
  model: z.object({ reference: z.string(), sha256: z.string() }),
  ontology: StoredOntology,
  selection: RunScope.shape.selection,
  formats: RunScope.shape.formats,
  images: RunScope.shape.images,
  split: RunScope.shape.split,
  negatives: RunScope.shape.negatives,
  upright: RunScope.shape.upright,
  only_reviewed: RunScope.shape.only_reviewed,
  choice: RunScope.shape.choice,
  part: RunScope.shape.part,
  options: StoredOptions,
  counts: RunCounts,
  examples: z.array(SeenExampleSchema).exactOptional(), // of the ontology; left out when there is none
  example_folder: z.string().exactOptional(), // that their images are relative to; relative to the output folder
  left_out: z.array(LeftOut).exactOptional(), // left out when there is none
  workers: z // of a queue, in this attempt; left out without one
    .array(z.object({ host: z.string(), devices: z.array(z.string()), images: z.number() }))
    .exactOptional(),
  timings: z.record(z.string(), z.number()), // of this attempt; stages are sums over all workers
});
export type RunManifest = z.output<typeof RunManifest>;

/** As it was read. Version 0.1 wrote no checksum. */
export type StoredManifest = RunManifest & { readonly isChecked: boolean };

/** What a damaged or missing run.json is reported with. */
const REFUSAL = {
  code: 'JOURNAL_DAMAGED',
  hint: 'Restore the file from a copy, or run the same `preannotate run` again: it writes a new one.',
} as const;

/** What a later state may be longer by: its time, digits of counts and timings, and counts for each class. */
const RESERVED_BYTES = 1024;
const CLASS_BYTES = 32; // beside its name

/** Replaces run.json at the start of an attempt, with room for the state that the attempt will end in. */
export async function beginManifest(outDir: string, manifest: RunManifest): Promise<void> {
  const names = manifest.ontology.classes.map(({ name }) => Buffer.byteLength(JSON.stringify(name)) + CLASS_BYTES);
  const reserved = names.reduce((sum, bytes) => sum + bytes, RESERVED_BYTES);
  await replaceFile(manifestPath(outDir), `${toText(manifest)}${' '.repeat(reserved)}\n`);
}

/**
 * Replaces run.json at the end of an attempt. On a full disk it is written in the place of the old one, and where that
 * fails too, removed: it must not keep the status 'running'.
 *
 * @throws PreannotateError WRITE_FAILED
 */
export async function endManifest(outDir: string, manifest: RunManifest): Promise<void> {
  const path = manifestPath(outDir);
  const text = `${toText(manifest)}\n`;
  try {
    await replaceFile(path, text);
  } catch (error) {
    if (await overwrite(path, Buffer.from(text))) return;
    await rm(path, { force: true }).catch(() => {}); // the file system is read-only: the lock shows that it is not true
    throw error;
  }
}

/** Replaces run.json, where it is to say something else of the same run. @throws PreannotateError WRITE_FAILED */
export async function replaceManifest(outDir: string, manifest: RunManifest): Promise<void> {
  await replaceFile(manifestPath(outDir), `${toText(RunManifest.parse(manifest))}\n`);
}

/** Uses only the space that a file has. @returns Whether it was enough, and could be written */
async function overwrite(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await using file = await open(path, 'r+');
    const { size } = await file.stat();
    if (size < bytes.length) return false;
    await file.writeFile(bytes); // from the start, until all is written
    await file.truncate(bytes.length);
    await file.datasync();
    return true;
  } catch {
    return false; // the error of the caller says why
  }
}

/**
 * @returns undefined when the folder has no run.json.
 * @throws PreannotateError JOURNAL_DAMAGED when it is damaged.
 */
export async function readManifest(outDir: string): Promise<StoredManifest | undefined> {
  const path = manifestPath(outDir);
  const value = await readJsonFile(path, z.looseObject({}), REFUSAL);
  if (value === undefined) return undefined;
  const { check, ...rest } = value;
  const isChecked = 'check' in value;
  if (isChecked && check !== checksum(JSON.stringify(rest))) {
    throw jsonError(path, new Error('it was changed after it was written (its checksum differs)'), REFUSAL);
  }
  const result = RunManifest.safeParse(rest);
  if (result.success) return { ...result.data, isChecked };
  throw jsonError(path, result.error, REFUSAL);
}

function manifestPath(outDir: string): string {
  return join(outDir, FILE);
}

/** With a checksum of the content, which does not depend on how it is indented. */
function toText(manifest: RunManifest): string {
  return JSON.stringify({ ...manifest, check: checksum(JSON.stringify(manifest)) }, undefined, 2);
}
