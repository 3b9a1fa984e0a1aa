import { crc32 } from 'node:zlib';
import { cut, damaged, odd, type Finding } from './finding.js';

const SIGNATURE_BYTES = 8;
const HEADER_BYTES = 13;
const LONGEST_CHUNK = 2 ** 31 - 1;

/** Bits a sample that each colour type allows. */
const BIT_DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16], // grey
  2: [8, 16], // RGB
  3: [1, 2, 4, 8], // palette
  4: [8, 16], // grey and alpha
  6: [8, 16], // RGB and alpha
};

/** Walks through the chunks of a PNG. Compressed data is not inflated: its checksums show damage. @see RFC 2083 */
export function* inspectPng(bytes: Buffer): Generator<Finding, void, undefined> {
  const seen = new Set<string>();
  for (let at = SIGNATURE_BYTES; ;) {
    const where = seen.has('IDAT') ? 'in or behind its picture data' : 'before its picture data';
    if (at + 8 > bytes.length) return yield cut(`${where} (it has no IEND chunk)`);
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (!/^[A-Za-z]{4}$/.test(type)) return yield damaged(`it has an invalid chunk ${where}`);
    if (length > LONGEST_CHUNK) return yield damaged(`its ${type} chunk has an invalid length`);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) return yield cut(`in its ${type} chunk`);
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) yield wrongChecksum(type);
    if (seen.size === 0 && type !== 'IHDR') return yield damaged('its header (IHDR) is not its first chunk');
    if (type === 'IHDR') yield* inspectHeader(bytes.subarray(at + 8, end), seen);
    if (type === 'IDAT' && seen.has('needs palette') && !seen.has('PLTE'))
      yield damaged('its palette (PLTE) is missing');
    seen.add(type);
    at = end + 4;
    if (type === 'IEND') break;
  }
  if (!seen.has('IDAT')) yield damaged('it has no picture data (IDAT)');
}

/** Decoders pass over chunks that are not needed for the pixels: those whose name begins with a small letter. */
function wrongChecksum(type: string): Finding {
  const reason = `the checksum (CRC) of its ${type} chunk is wrong`;
  return /^[A-Z]/.test(type) ? damaged(reason) : odd(reason);
}

function* inspectHeader(header: Buffer, seen: Set<string>): Generator<Finding, void, undefined> {
  if (seen.has('IHDR')) return yield damaged('it has two headers (IHDR)');
  if (header.length !== HEADER_BYTES) return yield damaged('its header (IHDR) has an invalid length');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  if (width === 0 || height === 0 || width > LONGEST_CHUNK || height > LONGEST_CHUNK) {
    yield damaged('its header (IHDR) has an invalid size');
  }
  const [bits, colour, compression, filter, interlacing] = header.subarray(8) as unknown as number[];
  const isValid =
    BIT_DEPTHS[colour!]?.includes(bits!) === true && compression === 0 && filter === 0 && interlacing! < 2;
  if (!isValid) yield damaged('its header (IHDR) has an invalid colour type, bit depth or method');
  if (colour === 3) seen.add('needs palette');
}
