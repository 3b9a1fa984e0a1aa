import { posix } from 'node:path';
import { openRegularFile } from '../../disk/regular-file.js';
import { toSlashes } from '../../formats/reading/files/image-name.js';
import { withoutEnding } from '../../formats/reading/image-names.js';
import type { Report } from '../findings.js';

const CHUNK_BYTES = 1 << 20;
const MARK = [0xef, 0xbb, 0xbf];

/** Reports a file that begins with a byte order mark; one that cannot be opened is for its reader to report. */
export async function checkMark(path: string, report: Report): Promise<void> {
  try {
    await using file = await openRegularFile(path);
    const { buffer } = await file.read(Buffer.alloc(MARK.length), 0, MARK.length, 0);
    if (MARK.every((byte, i) => buffer[i] === byte))
      report({ rule: 'byte-order-mark', file: path, line: 1, problem: 'begins with a byte order mark' });
  } catch {
    // Its reader reports why.
  }
}

/** The line of the first byte beyond ASCII; undefined where there is none. A byte order mark does not count. */
export async function findNotAscii(path: string): Promise<number | undefined> {
  await using file = await openRegularFile(path);
  let line = 1;
  let isStart = true;
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
    if (bytesRead === 0) return undefined;
    for (let i = isStart && MARK.every((byte, k) => buffer[k] === byte) ? MARK.length : 0; i < bytesRead; i++) {
      const byte = buffer[i]!;
      if (byte === 0x0a) line++;
      else if (byte > 0x7f) return line;
    }
    isStart = false;
  }
}

/**
 * Whether a label file is called as an image that it names, which a program may have named by a path of Windows.
 *
 * @param stem - The name of the file without its ending.
 */
export function isCalledAs(stem: string, image: string): boolean {
  const names = [image, toSlashes(image)].map((path) => posix.basename(path));
  return names.some((name) => name === stem || withoutEnding(name) === stem);
}

/** What is wrong with the name of an image as a file states it; undefined where readers find it anywhere. */
export function problemOfName(stated: string): string | undefined {
  if (/^(?:\/|[a-z]:[\\/])/i.test(stated)) return `names the image by an absolute path: ${stated}`;
  if (/^\.\.(?:\/|$)|\/\.\.(?:\/|$)/.test(stated)) return `names an image outside the folder: ${stated}`;
  if (toSlashes(stated) !== stated) return `names the image with backslashes: ${stated}`;
  return undefined;
}
