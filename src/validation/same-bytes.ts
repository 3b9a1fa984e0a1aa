import { stat } from 'node:fs/promises';
import { fingerprintFile } from '../formats/view-folder/record/fingerprint.js';

/** Whether two files are there and hold the same. */
export async function haveSameBytes(a: string, b: string): Promise<boolean> {
  try {
    const [one, other] = await Promise.all([stat(a), stat(b)]);
    if (!one.isFile() || !other.isFile() || one.size !== other.size) return false;
    const [content, otherContent] = await Promise.all([fingerprintFile(a), fingerprintFile(b)]);
    return content.sha256 === otherContent.sha256;
  } catch {
    return false; // that a file is missing is reported elsewhere
  }
}
