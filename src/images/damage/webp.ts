import { cut, damaged, type Finding } from './finding.js';

const CONTAINER_BYTES = 12;
const CHUNK_BYTES = 8;

/** Walks through the chunks of a WebP. Compressed data is not looked at, but for its first bytes. @see RFC 9649 */
export function* inspectWebp(bytes: Buffer): Generator<Finding, void, undefined> {
  const size = bytes.readUInt32LE(4) + 8;
  const end = Math.min(size, bytes.length);
  let hasPicture = false;
  for (let at = CONTAINER_BYTES; at + CHUNK_BYTES <= end;) {
    const type = bytes.toString('latin1', at, at + 4);
    const from = at + CHUNK_BYTES;
    const length = bytes.readUInt32LE(at + 4);
    if (from + length > bytes.length) return yield cut(/^[\w ]{4}$/.test(type) ? `in its ${type.trim()} chunk` : '');
    if (from + length > end) return yield damaged('its chunks are longer than the file says');
    const data = bytes.subarray(from, from + length);
    if (type === 'VP8 ') yield* inspectLossy(data);
    if (type === 'VP8L' && data[0] !== 0x2f) yield damaged('the header of its VP8L chunk is damaged');
    hasPicture ||= ['VP8 ', 'VP8L', 'ANMF'].includes(type);
    at = from + length + (length % 2);
  }
  if (size > bytes.length) return yield cut(`(${bytes.length} of ${size} bytes)`);
  if (!hasPicture) yield damaged('it has no picture data');
}

/** A key frame begins with three bytes of flags, three of a code, and its size. @see RFC 6386, section 9.1 */
function* inspectLossy(data: Buffer): Generator<Finding, void, undefined> {
  const isKeyFrame = data.length >= 10 && (data[0]! & 1) === 0 && data.readUIntBE(3, 3) === 0x9d012a;
  if (!isKeyFrame) yield damaged('the header of its VP8 chunk is damaged');
}
