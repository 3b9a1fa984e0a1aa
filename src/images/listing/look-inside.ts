import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { systemCodeOf } from '../../core/errors.js';
import { sniff, type Sniffed } from '../sniff.js';
import type { ListedFile } from './list-files.js';

const HEAD_BYTES = 4096;

// Opening a FIFO without O_NONBLOCK blocks until it has a writer. Windows has no such flag: undefined counts as 0.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** Header sizes of BMP: two letters alone, `BM`, begin other files too. */
const BMP_HEADERS = new Set([12, 16, 40, 52, 56, 64, 108, 124]);

const SPECIAL = { kind: 'named pipe, socket or device', decoder: undefined } as const;
const GONE = { kind: 'file that is not there', decoder: undefined } as const;

/**
 * Recognises a file by its first bytes. Special files are not opened.
 *
 * @param path - Absolute.
 * @returns undefined when it cannot be read.
 */
export async function lookInside(path: string, kind: ListedFile['kind']): Promise<Sniffed | undefined> {
  if (kind === 'other') return SPECIAL;
  try {
    if (kind === 'link' && !(await stat(path)).isFile()) return SPECIAL;
    await using file = await open(path, FLAGS);
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    return recognise(head.subarray(0, bytesRead));
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT' ? GONE : undefined;
  }
}

function recognise(head: Buffer): Sniffed {
  const sniffed = sniff(head);
  const isOther = sniffed.kind === 'BMP' && !(head.length > 18 && BMP_HEADERS.has(head.readUInt32LE(14)));
  return isOther ? { kind: 'file of unknown content', decoder: undefined } : sniffed;
}
