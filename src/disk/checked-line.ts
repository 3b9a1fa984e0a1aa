import { crc32 } from 'node:zlib';

const CHECK = ',"check":"';
const CHECK_CHARS = CHECK.length + 8 + 2; // eight hex digits, then "}

/** A JSON object on one line, ended by a checksum of itself. */
export function formatLine(value: object): string {
  const body = JSON.stringify(value).slice(0, -1);
  return `${body}${CHECK}${checksum(body)}"}\n`;
}

/** The object of a line; undefined when the line was changed after it was written. */
export function parseLine(line: string): unknown {
  const body = line.slice(0, -CHECK_CHARS);
  if (line.slice(-CHECK_CHARS) !== `${CHECK}${checksum(body)}"}`) return undefined;
  try {
    return JSON.parse(`${body}}`);
  } catch {
    return undefined; // written by another program, which made the checksum
  }
}

/** Eight hex digits. */
export function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
