import { parseLineBytes } from '../../disk/checked-line.js';
import { readLineBytes } from '../../disk/lines.js';
import { readAfterDetections } from '../entries/read-entry.js';

const KEY_DIGITS = 12; // what a number holds exactly

/** The first bits of a hash, by which candidates are found: its callers compare the whole hash in the end. */
export function keyOf(sha256: string): number {
  return Number.parseInt(sha256.slice(0, KEY_DIGITS), 16);
}

/**
 * Reads a journal once, without its boxes.
 *
 * @returns The key of the image of each line, from 1; NaN for lines of none, which reading them as records reports.
 */
export async function readHashKeys(path: string): Promise<readonly number[]> {
  const keys = [NaN];
  for await (const lines of readLineBytes(path)) {
    for (const { content, complete } of lines) {
      const fields = complete ? (readAfterDetections(content) ?? parseLineBytes(content)) : undefined;
      const { sha256 } = (fields ?? {}) as Readonly<Record<string, unknown>>;
      keys.push(typeof sha256 === 'string' ? keyOf(sha256) : NaN);
    }
  }
  return keys;
}
