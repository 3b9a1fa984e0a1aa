import { readHeifItems } from '../heic/heif-items.js';
import { cut, damaged, unsupported, type Finding } from './finding.js';

/** How pictures are coded that need a decoder the package does not have, by the type of an item. */
const UNSUPPORTED_CODINGS = new Map([
  ['hvc1', 'HEVC (HEIC), which needs a licensed decoder'],
  ['vvc1', 'VVC'],
  ['evc1', 'EVC'],
  ['avc1', 'AVC (H.264)'],
  ['j2k1', 'JPEG 2000'],
  ['jpeg', 'JPEG in HEIF'],
  ['unci', 'uncompressed HEIF'],
]);

/** Walks through the outermost boxes of a HEIF or AVIF file, and looks how its pictures are coded. */
export function* inspectHeif(bytes: Buffer): Generator<Finding, void, undefined> {
  const [finding] = inspectHeic(bytes);
  if (finding !== undefined) return yield finding;
  const codings = new Set(readHeifItems(bytes)?.types.values());
  const found = [...UNSUPPORTED_CODINGS].find(([type]) => codings.has(type));
  if (found !== undefined) yield unsupported(`its picture is coded as ${found[1]}`);
}

/** Walks through the outermost boxes of a file whose coding is known. @see ISO/IEC 14496-12, 23008-12 */
export function* inspectHeic(bytes: Buffer): Generator<Finding, void, undefined> {
  let hasHeader = false;
  let isSequence = false;
  for (let at = 0; at < bytes.length;) {
    const where = hasHeader ? 'in its picture data' : 'before its picture data';
    if (at + 8 > bytes.length) return yield cut(where);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const isLong = bytes.readUInt32BE(at) === 1;
    if (isLong && at + 16 > bytes.length) return yield cut(where);
    const length = isLong ? Number(bytes.readBigUInt64BE(at + 8)) : bytes.readUInt32BE(at) || bytes.length - at;
    if (length < (isLong ? 16 : 8)) return yield damaged('one of its boxes has an invalid length');
    if (at + length > bytes.length) return yield cut(type === 'meta' ? 'in its header (meta box)' : where);
    hasHeader ||= type === 'meta';
    isSequence ||= type === 'moov';
    at += length;
  }
  if (!hasHeader && isSequence) return yield unsupported('it is a sequence without a picture of its own');
  if (!hasHeader) return yield damaged('it has no header (meta box)');
}
