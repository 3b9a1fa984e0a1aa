import { createHash, type Hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { replaceFile } from './atomic.js';
import { homeFolder } from './machine/home-folder.js';
import { openReadableFile, readWholeFile, requireReadableFile } from './readable-file.js';

const DIGEST_BYTES = 32;
const MAX_VALUE_BYTES = 1 << 30;

/** The folder for results that are costly to compute: $XDG_CACHE_HOME/preannotate, else ~/.cache/preannotate. */
export function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homeFolder(), '.cache'), 'preannotate');
}

/** A cached value; undefined when there is none or its bytes are not what was written. */
export async function readCached(kind: string, key: string): Promise<Buffer | undefined> {
  let file: Buffer;
  try {
    file = await readWholeFile(join(cacheFolder(), kind, key), MAX_VALUE_BYTES);
  } catch {
    return undefined; // missing or unreadable: it is computed again
  }
  const value = file.subarray(DIGEST_BYTES);
  return digest(value).equals(file.subarray(0, DIGEST_BYTES)) ? value : undefined;
}

/** Keeps a value for later runs. A cache that cannot be written is no reason to fail. */
export async function writeCached(kind: string, key: string, value: Uint8Array): Promise<void> {
  try {
    await replaceFile(join(cacheFolder(), kind, key), [digest(value), value]);
  } catch {
    // The next run computes it again, as this one did.
  }
}

/**
 * SHA-256 of a file, in hex. Cached for as long as the file's size, times and inode stay the same, because reading
 * 600 MB of weights takes longer than opening the model.
 *
 * @throws UnreadableFileError
 */
export async function sha256OfFile(path: string): Promise<string> {
  await requireReadableFile(path); // before its state is looked at, which says less about what is wrong
  const known = await readCached('hashes', await stateKeyOf(path));
  if (known !== undefined) return known.toString();
  const hex = await digestOfFile(path, createHash('sha256'));
  await rememberSha256(path, hex);
  return hex;
}

/** Caches the SHA-256 of a file whose bytes have just been hashed. */
export async function rememberSha256(path: string, hex: string): Promise<void> {
  await writeCached('hashes', await stateKeyOf(path), Buffer.from(hex));
}

/** Hashes a whole file, without the cache. @returns The digest in hex. @throws UnreadableFileError */
export async function digestOfFile(path: string, hash: Hash): Promise<string> {
  await using file = await openReadableFile(path);
  await pipeline(file.createReadStream({ highWaterMark: 1 << 20, autoClose: false }), hash);
  return hash.digest('hex');
}

/** Identifies the present state of a file: changes whenever something writes into it. */
async function stateKeyOf(path: string): Promise<string> {
  const { size, mtimeMs, ctimeMs, ino } = await stat(path);
  return sha256Of(JSON.stringify([path, size, mtimeMs, ctimeMs, ino]));
}

/** SHA-256 of a text, in hex. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function digest(value: Uint8Array): Buffer {
  return createHash('sha256').update(value).digest();
}
