import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { replaceFile } from '../disk/atomic.js';
import { makeFolder } from '../disk/make-folder.js';
import { describeReadError } from '../disk/readable-file.js';
import { withOutputErrors } from '../disk/write-failure.js';
import type { FeatureKey, KeyValue } from './image-features.js';

/**
 * The layout of a folder of features:
 *
 *     preannotate-features.json         the marker: without it, nothing here is written or removed
 *     <hash of a FeatureKey>/key.json   the key, and the name of the model
 *     <hash of a FeatureKey>/ab/ab….safetensors   named by the SHA-256 of the image
 */

export const MARKER = 'preannotate-features.json';
export const KEY_FILE = 'key.json';
export const KEY_FOLDER = /^[0-9a-f]{32}$/;
export const SHARD_FOLDER = /^[0-9a-f]{2}$/;
export const FEATURE_FILE = /^([0-9a-f]{64})\.safetensors$/;
export const TEMPORARY = '.preannotate-'; // beginning of the names of files that are being written

const VERSION = 1;
const KEY_CHARACTERS = 32;

/** The beginning of a key's hash that identifies it for people: as many characters as `features info` prints. */
export const SHORT_KEY_CHARACTERS = 12;

/** What a new folder may hold: what systems put there. */
const NOTHING = /^(?:lost\+found|\.DS_Store|\.preannotate-.*)$/;

const MARKER_TEXT = `${JSON.stringify(
  {
    content: 'Image features stored by preannotate. See: preannotate features info',
    version: VERSION,
  },
  undefined,
  2,
)}\n`;

/** How to proceed where a folder may be made, and where it must exist. */
const HINTS = {
  new: 'Give a new or an empty folder, or one that an earlier run made with --features.',
  existing: 'Name the folder that was given to a run with --features.',
};

/** @throws PreannotateError CONFIG_INVALID for a folder that is not empty and has no marker of ours. */
export async function inspectFolder(folder: string, hint = HINTS.new): Promise<'missing' | 'empty' | 'ours'> {
  const names = await listNames(folder);
  if (names === undefined) return 'missing';
  if (names.includes(MARKER)) {
    await requireKnownVersion(folder);
    return 'ours';
  }
  if (names.every((name) => NOTHING.test(name))) return 'empty';
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message: `${printable(folder)} is not a features folder: it is not empty and has no ${MARKER}.`,
    hint,
  });
}

/**
 * Inspects a folder that a run uses: an output folder may hold a folder of features, which itself holds nothing else.
 *
 * @throws PreannotateError CONFIG_INVALID as above, and where the output folder is or is in that of features
 */
export async function assertApart(folder: string, outDir: string): Promise<void> {
  if (!`${outDir}${sep}`.startsWith(`${folder}${sep}`)) {
    await inspectFolder(folder);
    return;
  }
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message: `--out ${printable(outDir)} is ${outDir === folder ? 'also' : 'in'} the folder of --features.`,
    hint: 'Give two different folders, such as --out out --features out/features.',
  });
}

/**
 * Makes a folder of features, unless it is one.
 *
 * @throws PreannotateError CONFIG_INVALID as above; OUTPUT_UNUSABLE or WRITE_FAILED when it cannot be written
 */
export async function prepareFolder(folder: string): Promise<void> {
  if ((await inspectFolder(folder)) === 'ours') return;
  await withOutputErrors(folder, () => makeFolder(folder));
  await replaceFile(join(folder, MARKER), MARKER_TEXT); // another process may do the same: with the same bytes
}

/** Requires a features folder. @throws PreannotateError CONFIG_INVALID */
export async function requireFolder(folder: string): Promise<void> {
  const state = await inspectFolder(folder, HINTS.existing);
  if (state === 'ours') return;
  const reason = state === 'missing' ? 'it does not exist' : 'it is empty';
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message: `${printable(folder)} is not a features folder: ${reason}.`,
    hint: HINTS.existing,
  });
}

/** The name of the folder that holds the features of a key. */
export function hashKey(key: FeatureKey): string {
  return createHash('sha256')
    .update(JSON.stringify(sortNames(key)))
    .digest('hex')
    .slice(0, KEY_CHARACTERS);
}

/** Whether something was stored under a key. */
export async function hasKey(folder: string, key: FeatureKey): Promise<boolean> {
  return (await listNames(join(folder, hashKey(key)))) !== undefined;
}

/** Makes the folder of a key, and writes down what the key is. */
export async function prepareKeyFolder(folder: string, key: FeatureKey, label: string | undefined): Promise<void> {
  const keyFolder = join(folder, hashKey(key));
  await withOutputErrors(keyFolder, async () => {
    await mkdir(keyFolder, { recursive: true });
  });
  const known = await readKeyFile(keyFolder);
  if (known !== undefined && hashKey(known.key) === hashKey(key)) return;
  const content = { ...(label === undefined ? {} : { model: label }), key: sortNames(key) };
  await replaceFile(join(keyFolder, KEY_FILE), `${JSON.stringify(content, undefined, 2)}\n`);
}

/** What the features in a folder belong to; undefined where the file is missing or is not as it must be. */
export async function readKeyFile(keyFolder: string): Promise<{ model?: string; key: FeatureKey } | undefined> {
  const content = await readJson(join(keyFolder, KEY_FILE));
  if (!isObject(content) || !isObject(content['key'])) return undefined;
  const { key, model } = content;
  return { key: key as FeatureKey, ...(typeof model === 'string' ? { model } : {}) };
}

async function requireKnownVersion(folder: string): Promise<void> {
  const path = join(folder, MARKER);
  const marker = await readJson(path);
  if (isObject(marker) && marker['version'] === VERSION) return;
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message: `${printable(path)} is not that of a folder of features of version ${VERSION}.`,
    hint: 'Another version of preannotate may have made the folder: use that, or give another folder.',
  });
}

/** @returns undefined for what cannot be read */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined; // the caller reports it
  }
}

async function listNames(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    const message = `The folder of features ${printable(folder)} cannot be read: ${describeReadError(error)}.`;
    throw new PreannotateError({ code: 'CONFIG_INVALID', message, hint: 'Give a folder that can be read.' }, error);
  }
}

/** The same key has the same text, in whatever order its names are. */
function sortNames(value: KeyValue): KeyValue {
  if (Array.isArray(value)) return (value as readonly KeyValue[]).map(sortNames);
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sortNames(value[name] as KeyValue)]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
