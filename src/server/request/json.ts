import { RequestError } from '../../http/request-error.js';

const MAX_DEPTH = 64; // an ontology has 4 levels
const MAX_VALUES = 200_000; // a value takes up to a hundred times its bytes while it is validated
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const OPENING = new Set([0x5b, 0x7b]);
const WHITE_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Reads a JSON body. @throws RequestError REQUEST_MALFORMED */
export function parseJson(body: Buffer): unknown {
  if (isBlank(body)) throw malformedError('The body is empty; JSON was expected.');
  const names = countNamesWritten(body);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body); // also removes a byte order mark
  } catch {
    throw malformedError('The body is not UTF-8 text.');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformedError('The body is not JSON.'); // V8's own message would quote the body
  }
  // JSON.parse keeps the last of two equal names; which one the client means is unknown.
  if (countNamesKept(value) < names) throw malformedError('An object of the JSON has a name twice.');
  return value;
}

/** Stops at the first byte that is no white space. */
function isBlank(body: Buffer): boolean {
  return body.every((byte) => WHITE_SPACE.has(byte));
}

function countNamesKept(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inside: unknown[] = Object.values(value);
  return inside.reduce<number>((sum, each) => sum + countNamesKept(each), Array.isArray(value) ? 0 : inside.length);
}

/**
 * Scans what is outside strings; a long string of base64 is skipped by `indexOf`, which is fast.
 *
 * @returns The number of names in all objects, repeated ones included.
 * @throws RequestError REQUEST_MALFORMED for too many levels or values
 */
function countNamesWritten(body: Buffer): number {
  let depth = 0;
  let values = 1;
  let names = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]!;
    if (byte === QUOTE) i = findStringEnd(body, i);
    else if (byte === COMMA) values++;
    else if (byte === COLON) names++;
    else if (OPENING.has(byte)) depth++;
    else if (CLOSING.has(byte)) depth--;
    if (depth > MAX_DEPTH) throw malformedError(`The JSON is nested more than ${MAX_DEPTH} levels deep.`);
    if (values > MAX_VALUES) throw malformedError(`The JSON has more than ${MAX_VALUES} values.`);
  }
  return names;
}

/** Where the string that begins at `start` ends: at a quote with an even number of backslashes before it. */
function findStringEnd(body: Buffer, start: number): number {
  for (let end = body.indexOf(QUOTE, start + 1); end !== -1; end = body.indexOf(QUOTE, end + 1)) {
    let backslashes = 0;
    while (body[end - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return body.length;
}

function malformedError(message: string): RequestError {
  return new RequestError('REQUEST_MALFORMED', message);
}
