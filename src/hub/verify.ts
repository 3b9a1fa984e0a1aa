import { createHash } from 'node:crypto';
import { open, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { digestOfFile, sha256OfFile } from '../disk/cache.js';
import { findBlob } from './layout.js';

const SHA256 = /^[0-9a-f]{64}$/;
const GIT_SHA1 = /^[0-9a-f]{40}$/; // of git's blob object, for files that are not in large file storage

/** A file whose bytes are not those that its hash stands for. */
export interface Damage {
  readonly path: string;
  readonly algorithm: 'SHA-256' | 'git SHA-1';
  readonly expected: string;
  readonly found: string; // a hash, or what is there instead
}

/** Whether a text can be the hash of a file on the hub. */
export function isDigest(text: string): boolean {
  return SHA256.test(text) || GIT_SHA1.test(text);
}

/**
 * The hash of a file, as the hub names it.
 *
 * @param like - A hash of the wanted kind.
 * @param again - Reads the file even when its hash is remembered.
 */
export async function computeDigest(like: string, path: string, again = false): Promise<string> {
  if (SHA256.test(like)) return again ? digestOfFile(path, createHash('sha256')) : sha256OfFile(path);
  const { size } = await stat(path);
  return digestOfFile(path, createHash('sha1').update(`blob ${size}\0`));
}

/** Whether the cache knows what a file of a snapshot should hold: that it is a link says so, to a name that is a hash. */
export async function hasKnownHash(pointer: string): Promise<boolean> {
  const blob = await findBlob(pointer);
  return blob !== undefined && isDigest(basename(blob));
}

/**
 * Compares a file of a snapshot with the hash that the cache knows it by.
 *
 * @returns Undefined when it is as it should be, or when no hash is known: a copy, or a file of the user's own.
 */
export async function findDamage(pointer: string, again = false): Promise<Damage | undefined> {
  const blob = await findBlob(pointer);
  if (blob === undefined || !isDigest(basename(blob))) return undefined;
  const expected = basename(blob);
  const algorithm = SHA256.test(expected) ? 'SHA-256' : 'git SHA-1';
  try {
    const found = await computeDigest(expected, await realpath(blob), again);
    return found === expected ? undefined : { path: pointer, algorithm, expected, found };
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
    return { path: pointer, algorithm, expected, found: 'nothing: the file is missing' };
  }
}

/**
 * Checks files before anything reads them.
 *
 * @param repair - The command that repairs them.
 * @throws PreannotateError MODEL_INVALID naming the first damaged file, the hash it should have and the one it has.
 */
export async function assertIntact(folder: string, names: readonly string[], repair: string): Promise<void> {
  const damages = await Promise.all(names.map((name) => findDamage(join(folder, name))));
  const damage = damages.find((found) => found !== undefined);
  if (damage === undefined) return;
  const { path, algorithm, expected, found } = damage;
  const look = await describeAppearance(path);
  throw new PreannotateError({
    code: 'MODEL_INVALID',
    message: `${printable(path)} is damaged${look}: its ${algorithm} should be ${expected}, and is ${found}.`,
    hint: `Fetch it again: ${repair}`,
  });
}

async function describeAppearance(path: string): Promise<string> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size === 0) return ' (it is empty)';
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    const isPage = /^\s*<(?:!doctype|html|\?xml)/i.test(buffer.toString('latin1', 0, bytesRead));
    return isPage ? ' (it is a web page)' : '';
  } catch {
    return ''; // missing, which the message states already
  }
}
