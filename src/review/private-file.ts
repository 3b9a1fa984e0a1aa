import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

const ONLY_OWNER = 0o600;

/** Writes a whole file that only this user can read, also where there was another one. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const draft = `${path}-${randomBytes(4).toString('hex')}`;
  try {
    await using file = await open(draft, 'wx', ONLY_OWNER);
    await file.writeFile(text);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
}
