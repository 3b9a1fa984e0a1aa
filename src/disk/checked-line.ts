import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const CHECK = ',"check":"';
const CHECK_CHARS = CHECK.length + 8 + 2; // eight hex digits, then "}
const WHOLE_LINE = /,"check":"[0-9a-f]{8}"\}/;

/** A JSON object on one line, ended by a checksum of itself. */
export function formatLine(value: object): string {
  const body = JSON.stringify(value).slice(0, -1);
  return `${body}${CHECK}${checksum(body)}"}\n`;
}

/** The object of a line; undefined when the line was changed after it was written. */
export function parseLine(line: string): unknown {
  const body = line.slice(0, -CHECK_CHARS);
  if (line.slice(-CHECK_CHARS) !== `${CHECK}${checksum(body)}"}`) return undefined;
  return parseBody(body);
}

function parseBody(body: string): unknown {
  try {
    return JSON.parse(`${body}}`);
  } catch {
    return undefined; // written by another program, which made the checksum
  }
}

/** The same, of a line as it is in a file, without its end. */
export function parseLineBytes(line: Buffer): unknown {
  return isIntact(line) ? parseIntactLine(line) : undefined;
}

/** The same, of a line whose checksum is right. */
export function parseIntactLine(line: Buffer): unknown {
  return parseBody(bodyOf(line).toString());
}

/** Whether a line is as it was written. @param line - Without its end. */
export function isIntact(line: Buffer): boolean {
  return line.toString('latin1', line.length - CHECK_CHARS) === `${CHECK}${checksum(bodyOf(line))}"}`;
}

/**
 * Whether a last line without its end can be what a killed process, or a full disk, has left. A file that has lost its
 * lines' ends is not.
 */
export function isTornLine(line: string): boolean {
  const end = WHOLE_LINE.exec(line);
  return end === null || end.index + end[0].length === line.length;
}

/** A line without its checksum and the object's end. */
export function bodyOf(line: Buffer): Buffer {
  return line.subarray(0, -CHECK_CHARS);
}

/** Eight hex digits. */
export function checksum(text: string | Buffer): string {
  return crc32(text).toString(16).padStart(8, '0');
}

const PENDING_CHARS = 8192; // a call for every line would cost more than the hash

/** A hash of lines with checksums: it changes with every one of them, and with their order. */
export class LinesDigest {
  readonly #hash = createHash('sha256');
  #pending = '';

  /** @param line - Whose checksum is right; a string may have its end. */
  add(line: string | Buffer): void {
    if (typeof line !== 'string') this.#pending += line.toString('latin1', line.length - 10, line.length - 2);
    else {
      const end = line.endsWith('\n') ? line.length - 3 : line.length - 2;
      this.#pending += line.slice(end - 8, end);
    }
    if (this.#pending.length >= PENDING_CHARS) this.#flush();
  }

  /** Of the lines so far. */
  get value(): string {
    this.#flush();
    return this.#hash.copy().digest('hex');
  }

  #flush(): void {
    this.#hash.update(this.#pending);
    this.#pending = '';
  }
}
