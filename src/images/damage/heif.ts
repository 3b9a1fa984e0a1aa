import { cut, damaged, unsupported, type Finding } from './finding.js';

const HEVC = 'hvc1';

/** How pictures are coded that need a decoder the package does not have, by the type of an item. */
const UNSUPPORTED_CODINGS = new Map([
  [HEVC, 'HEVC (HEIC), which needs a licensed decoder'],
  ['vvc1', 'VVC'],
  ['evc1', 'EVC'],
  ['avc1', 'AVC (H.264)'],
  ['j2k1', 'JPEG 2000'],
  ['jpeg', 'JPEG in HEIF'],
  ['unci', 'uncompressed HEIF'],
]);

/** Walks through the boxes of a HEIC file, where there is a decoder for it. */
export function inspectHeic(bytes: Buffer): Generator<Finding, void, undefined> {
  return inspectBoxes(
    bytes,
    [...UNSUPPORTED_CODINGS].filter(([type]) => type !== HEVC),
  );
}

/** Walks through the outermost boxes of a HEIF or AVIF file. @see ISO/IEC 14496-12, 23008-12 */
export function inspectHeif(bytes: Buffer): Generator<Finding, void, undefined> {
  return inspectBoxes(bytes, [...UNSUPPORTED_CODINGS]);
}

function* inspectBoxes(
  bytes: Buffer,
  unsupportedCodings: readonly (readonly [type: string, coding: string])[],
): Generator<Finding, void, undefined> {
  let meta: Buffer | undefined;
  let isSequence = false;
  for (let at = 0; at < bytes.length;) {
    const where = meta === undefined ? 'before its picture data' : 'in its picture data';
    if (at + 8 > bytes.length) return yield cut(where);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const isLong = bytes.readUInt32BE(at) === 1;
    if (isLong && at + 16 > bytes.length) return yield cut(where);
    const length = isLong ? Number(bytes.readBigUInt64BE(at + 8)) : bytes.readUInt32BE(at) || bytes.length - at;
    if (length < (isLong ? 16 : 8)) return yield damaged('one of its boxes has an invalid length');
    if (at + length > bytes.length) return yield cut(type === 'meta' ? 'in its header (meta box)' : where);
    if (type === 'meta') meta ??= bytes.subarray(at, at + length);
    isSequence ||= type === 'moov';
    at += length;
  }
  if (meta === undefined && isSequence) return yield unsupported('it is a sequence without a picture of its own');
  if (meta === undefined) return yield damaged('it has no header (meta box)');
  for (const [type, coding] of unsupportedCodings) {
    if (hasItem(meta, type)) return yield unsupported(`its picture is coded as ${coding}`);
  }
}

/** Whether an `infe` box, version 2 or 3, describes an item of this type. */
function hasItem(meta: Buffer, type: string): boolean {
  for (let at = meta.indexOf('infe'); at >= 0; at = meta.indexOf('infe', at + 4)) {
    const typeAt = at + 8 + (meta[at + 4] === 3 ? 6 : 4); // version and flags, then the item's number and protection
    if (meta.toString('latin1', typeAt, typeAt + 4) === type) return true;
  }
  return false;
}
