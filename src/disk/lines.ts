import type { FileHandle } from 'node:fs/promises';
import { NotAFile, openRegularFile } from './regular-file.js';

/** A line of a file, and its position. */
export interface Line {
  readonly line: string;
  readonly number: number; // from 1
  readonly offset: number; // bytes from the start of the file
  readonly bytes: number; // without the line's end
  readonly complete: boolean; // ended by \n; only the last line may not be
}

const NEWLINE = 0x0a;
const CHUNK_BYTES = 1 << 20;
const MAX_LINE_BYTES = 64 << 20; // far above any image's line; a damaged file may be gigabytes without a line's end

/**
 * Reads a file line by line, by bytes, so that offsets are exact and characters are never cut in two.
 *
 * @throws NotAFile when it is none, or a line does not end; errors of the file system as they are.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  await using file = await openRegularFile(path);
  let parts: Buffer[] = []; // of a line that began in an earlier chunk
  let partBytes = 0;
  let number = 0;
  let offset = 0;
  const lineOf = (complete: boolean): Line => {
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const line = { line: bytes.toString(), number: ++number, offset, bytes: bytes.length, complete };
    offset += bytes.length + 1;
    parts = [];
    return line;
  };
  for (let chunk = await readChunk(file); chunk.length > 0; chunk = await readChunk(file)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      yield lineOf(true);
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
    partBytes = start === 0 ? partBytes + chunk.length : chunk.length - start;
    if (partBytes > MAX_LINE_BYTES) throw new NotAFile(`line ${number + 1} is longer than ${MAX_LINE_BYTES >> 20} MiB`);
  }
  if (parts.length > 0) yield lineOf(false);
}

async function readChunk(file: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
  return buffer.subarray(0, bytesRead);
}
