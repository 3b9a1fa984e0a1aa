import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';

/** Whether two files are there and hold the same. */
export async function haveSameBytes(a: string, b: string): Promise<boolean> {
  try {
    const [one, other] = await Promise.all([stat(a), stat(b)]);
    if (!one.isFile() || !other.isFile() || one.size !== other.size) return false;
    const [hash, otherHash] = await Promise.all([hashFile(a), hashFile(b)]);
    return hash === otherHash;
  } catch {
    return false; // that a file is missing is reported elsewhere
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
