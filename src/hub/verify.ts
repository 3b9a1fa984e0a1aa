import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { digestOfFile, sha256OfFile } from '../disk/cache.js';
import { MAX_JSON_BYTES } from '../disk/json.js';
import { describeReadError, openReadableFile } from '../disk/readable-file.js';
import { findBlob } from './layout.js';

const SHA256 = /^[0-9a-f]{64}$/;
const GIT_SHA1 = /^[0-9a-f]{40}$/; // of the git blob, for files that are not in large file storage

/** A file whose contents do not match its hash. */
export interface Damage {
  readonly path: string;
  readonly algorithm: 'SHA-256' | 'git SHA-1';
  readonly expected: string;
  readonly found: string; // a hash, or a description when there is no file to hash
}

/** Whether a text has the form of a hash that the hub uses. */
export function isDigest(text: string): boolean {
  return SHA256.test(text) || GIT_SHA1.test(text);
}

/**
 * Computes the hash of a file with the algorithm that the hub uses for it.
 *
 * @param like - A hash that was made with the same algorithm.
 * @param again - Read the file even when its hash is cached.
 */
export async function computeDigest(like: string, path: string, again = false): Promise<string> {
  if (SHA256.test(like)) return again ? digestOfFile(path, createHash('sha256')) : sha256OfFile(path);
  const { size } = await stat(path);
  return digestOfFile(path, createHash('sha1').update(`blob ${size}\0`));
}

/** Whether the hash of a file in a snapshot is known, which is when the file is a link to a blob named by its hash. */
export async function hasKnownHash(pointer: string): Promise<boolean> {
  const blob = await findBlob(pointer);
  return blob !== undefined && isDigest(basename(blob));
}

/**
 * Compares a file in a snapshot with its known hash.
 *
 * @returns Undefined when they match or when no hash is known: for a copy, or a file that the user added.
 */
export async function findDamage(pointer: string, again = false): Promise<Damage | undefined> {
  const blob = await findBlob(pointer);
  if (blob === undefined || !isDigest(basename(blob))) return undefined;
  const expected = basename(blob);
  const algorithm = SHA256.test(expected) ? 'SHA-256' : 'git SHA-1';
  try {
    const real = await realpath(blob);
    const { size } = await stat(real);
    if (/\.(json|txt)$/.test(pointer) && size > MAX_JSON_BYTES) {
      return { path: pointer, algorithm, expected, found: `nothing: it has ${size} bytes, too many for such a file` };
    }
    const found = await computeDigest(expected, real, again);
    return found === expected ? undefined : { path: pointer, algorithm, expected, found };
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') {
      return { path: pointer, algorithm, expected, found: 'nothing: the file is missing' };
    }
    return { path: pointer, algorithm, expected, found: `nothing: ${describeReadError(error)}` };
  }
}

/**
 * Checks files before they are loaded.
 *
 * @param repair - The command that repairs them.
 * @throws PreannotateError MODEL_INVALID naming the first damaged file, the hash it should have and the one it has.
 */
export async function assertIntact(folder: string, names: readonly string[], repair: string): Promise<void> {
  const damages = await Promise.all(names.map((name) => findDamage(join(folder, name))));
  const damage = damages.find((found) => found !== undefined);
  if (damage === undefined) return;
  const { path, algorithm, expected, found } = damage;
  const detail = await describeContents(path);
  throw new PreannotateError({
    code: 'MODEL_INVALID',
    message: `${printable(path)} is damaged${detail}: its ${algorithm} should be ${expected}, and is ${found}.`,
    hint: `Fetch it again: ${repair}`,
  });
}

async function describeContents(path: string): Promise<string> {
  try {
    await using file = await openReadableFile(path);
    const { size } = await file.stat();
    if (size === 0) return ' (it is empty)';
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    const isPage = /^\s*<(?:!doctype|html|\?xml)/i.test(buffer.toString('latin1', 0, bytesRead));
    return isPage ? ' (it is a web page)' : '';
  } catch {
    return ''; // missing, which the message already states
  }
}
