import type { FileHandle } from 'node:fs/promises';
import { NotAFile, openRegularFile } from './regular-file.js';

/** Where a line is in its file. */
interface LinePlace {
  readonly number: number; // from 1
  readonly offset: number; // bytes from the start of the file
  readonly complete: boolean; // ended by \n; only the last line may not be
}

/** A line of a file, and its position. */
export interface Line extends LinePlace {
  readonly line: string;
  readonly bytes: number; // without the line's end
}

/** A line as it is in the file, without its end. */
export interface LineBytes extends LinePlace {
  readonly content: Buffer; // until the next lines are asked for: they are read into the same memory
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
  for await (const lines of readLineBytes(path))
    for (const { content, number, offset, complete } of lines)
      yield { line: content.toString(), number, offset, bytes: content.length, complete };
}

/** The same, for files of many lines: those that were read together, at least one, and none of them decoded. */
export async function* readLineBytes(path: string): AsyncGenerator<LineBytes[]> {
  await using file = await openRegularFile(path);
  let parts: Buffer[] = []; // of a line that began in an earlier chunk
  let partBytes = 0;
  let number = 0;
  let offset = 0;
  const lineOf = (last: Buffer, complete: boolean): LineBytes => {
    const content = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    const line = { content, number: ++number, offset, complete };
    offset += content.length + 1;
    parts = [];
    return line;
  };
  const memory = Buffer.allocUnsafeSlow(CHUNK_BYTES); // one for all: memory outside the heap is freed late
  for (let chunk = await readInto(memory, file); chunk.length > 0; chunk = await readInto(memory, file)) {
    const lines: LineBytes[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(lineOf(chunk.subarray(start, end), true));
      start = end + 1;
    }
    if (start < chunk.length) parts.push(Buffer.from(chunk.subarray(start)));
    partBytes = start === 0 ? partBytes + chunk.length : chunk.length - start;
    if (lines.length > 0) yield lines;
    if (partBytes > MAX_LINE_BYTES) throw new NotAFile(`line ${number + 1} is longer than ${MAX_LINE_BYTES >> 20} MiB`);
  }
  if (parts.length > 0) yield [lineOf(Buffer.alloc(0), false)];
}

async function readInto(memory: Buffer, file: FileHandle): Promise<Buffer> {
  const { bytesRead } = await file.read(memory, 0, memory.length);
  return memory.subarray(0, bytesRead);
}
