import { createHash } from 'node:crypto';
import { openRegularFile } from '../../disk/regular-file.js';

const CHUNK_BYTES = 1 << 18;

/** What a file holds. */
export interface HashedFile {
  readonly sizeBytes: number;
  readonly modifiedMs: number; // whole milliseconds since 1970
  readonly sha256: string;
}

/** @returns undefined where the file cannot be read, changes meanwhile, or is larger than `maxBytes`. */
export async function hashFile(path: string, maxBytes: number): Promise<HashedFile | undefined> {
  try {
    await using file = await openRegularFile(path);
    const before = await file.stat();
    if (before.size > maxBytes) return undefined;
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, before.size)));
    let length = 0;
    while (length < before.size) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, length);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      length += bytesRead;
    }
    const after = await file.stat();
    if (length !== before.size || after.size !== length || after.mtimeMs !== before.mtimeMs) return undefined;
    return { sizeBytes: length, modifiedMs: Math.floor(before.mtimeMs), sha256: hash.digest('hex') };
  } catch {
    return undefined; // the worker that reads the image reports the error
  }
}
