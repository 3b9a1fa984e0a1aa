import { TextDecoder } from 'node:util';

/** By what a file begins with. */
const BYTE_ORDER_MARKS: readonly (readonly [encoding: string, bytes: readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/** An XML declaration says nothing about the encoding in which it can be read itself, which is nearly ASCII. */
const DECLARED = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/;
const DECLARATION_BYTES = 256;

/** Some name UTF-16 in a file that is none: the declaration could not have been read. */
const NOT_ASCII = /^utf-?16|^ucs-?2|^utf-?32/i;

/**
 * A decoder for an XML file in the encoding it declares; without a declaration, UTF-8.
 *
 * @param start - Its first bytes.
 * @returns The reason, worded to follow "it", where the encoding is not known.
 */
export function decoderOf(start: Uint8Array): TextDecoder | string {
  const mark = BYTE_ORDER_MARKS.find(([, bytes]) => bytes.every((byte, i) => start[i] === byte));
  const head = Buffer.from(start.subarray(0, DECLARATION_BYTES)).toString('latin1');
  const declared = DECLARED.exec(head)?.[1] ?? 'utf-8';
  const encoding = mark?.[0] ?? (NOT_ASCII.test(declared) ? 'utf-8' : declared);
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    return `declares the encoding "${encoding}", which is not known`;
  }
}
