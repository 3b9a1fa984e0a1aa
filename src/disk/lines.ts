import { createReadStream } from 'node:fs';

/** A line of a file, and its position. */
export interface Line {
  readonly line: string;
  readonly number: number; // from 1
  readonly offset: number; // bytes from the start of the file
  readonly bytes: number; // without the line's end
  readonly complete: boolean; // ended by \n; only the last line may not be
}

const NEWLINE = 0x0a;

/** Reads a file line by line, by bytes, so that offsets are exact and characters are never cut in two. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let parts: Buffer[] = []; // of a line that began in an earlier chunk
  let number = 0;
  let offset = 0;
  const lineOf = (complete: boolean): Line => {
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const line = { line: bytes.toString(), number: ++number, offset, bytes: bytes.length, complete };
    offset += bytes.length + 1;
    parts = [];
    return line;
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      yield lineOf(true);
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (parts.length > 0) yield lineOf(false);
}
