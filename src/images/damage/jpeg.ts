import { counted } from '../../core/text.js';
import { cut, damaged, odd, type Finding } from './finding.js';
import { inspectFrame, inspectHuffmanTables, inspectQuantisation, inspectScan, isFrame } from './jpeg-segments.js';
import type { Frame } from './jpeg-segments.js';

const MARKER = { DHT: 0xc4, RST0: 0xd0, RST7: 0xd7, SOI: 0xd8, EOI: 0xd9, SOS: 0xda, DQT: 0xdb } as const;
const NAMES = new Map<number, string>(Object.entries(MARKER).map(([name, code]) => [code, name]));

/**
 * Walks through the segments of a JPEG up to its end-of-image marker. Compressed data is only searched for markers.
 *
 * @see ITU-T T.81, annex B
 */
export function* inspectJpeg(bytes: Buffer): Generator<Finding, void, undefined> {
  let at = 2; // behind the first marker
  let frame: Frame | undefined;
  const quantisation = new Set<number>();
  for (let scans = 0; ;) {
    const where = scans === 0 ? 'before its picture data' : 'in its picture data (it has no EOI marker)';
    const found = findMarker(bytes, at);
    if (found === undefined) return yield cut(where);
    const { marker, end, skipped } = found;
    if (skipped > 0) yield odd(`it has ${counted(skipped, 'extraneous byte')} before its marker ${toHex(marker)}`);
    at = end;
    if (marker === MARKER.EOI) {
      if (scans === 0) yield damaged('it has no picture data');
      return;
    }
    if (marker >= MARKER.RST0 && marker <= MARKER.RST7) {
      yield odd('a restart marker is outside its picture data');
      continue;
    }
    if (!hasSegment(marker)) return yield damaged(`it has an invalid marker (${toHex(marker)})`);
    if (at + 2 > bytes.length) return yield cut(where);
    const length = bytes.readUInt16BE(at);
    if (length < 2) return yield damaged(`its ${describe(marker)} segment has an invalid length`);
    if (at + length > bytes.length) return yield cut(where);
    const segment = bytes.subarray(at + 2, at + length);
    at += length;
    if (isFrame(marker)) {
      if (frame !== undefined) return yield damaged('it has two frame headers (SOF)');
      frame = yield* inspectFrame(marker, segment);
      if (frame === undefined) return;
    }
    if (marker === MARKER.DQT) yield* inspectQuantisation(segment, quantisation);
    if (marker === MARKER.DHT) yield* inspectHuffmanTables(segment);
    if (marker === MARKER.SOS) {
      if (frame === undefined) return yield damaged('its picture data comes before its frame header (SOF)');
      yield* inspectScan(segment, frame, quantisation);
      scans++;
      const scan = skipScan(bytes, at);
      if (!scan.isInOrder) yield odd('its restart markers are not in order: parts of its picture data are lost');
      at = scan.end;
    }
  }
}

function findMarker(bytes: Buffer, from: number): { marker: number; end: number; skipped: number } | undefined {
  let skipped = 0;
  for (let at = from; ;) {
    const start = bytes.indexOf(0xff, at);
    if (start < 0) return undefined;
    skipped += start - at;
    let end = start + 1;
    while (bytes[end] === 0xff) end++; // fill bytes
    const marker = bytes[end];
    if (marker === undefined) return undefined;
    if (marker !== 0) return { marker, end: end + 1, skipped };
    skipped += 2;
    at = end + 1;
  }
}

/** Whether a length follows. TEM and markers that are reserved have none; those of hierarchical JPEGs are refused. */
function hasSegment(marker: number): boolean {
  const isReserved = marker < 0xc0 || (marker >= 0xf0 && marker <= 0xfd) || marker === 0xc8;
  return !isReserved && marker !== MARKER.SOI && marker !== 0xde && marker !== 0xdf;
}

/** @returns The marker that ends the compressed data, or the end of the file. */
function skipScan(bytes: Buffer, from: number): { end: number; isInOrder: boolean } {
  let expected: number = MARKER.RST0;
  let isInOrder = true;
  for (let at = from; ;) {
    const start = bytes.indexOf(0xff, at);
    if (start < 0) return { end: bytes.length, isInOrder };
    const next = bytes[start + 1];
    if (next !== undefined && next >= MARKER.RST0 && next <= MARKER.RST7) {
      if (next !== expected) isInOrder = false;
      expected = next === MARKER.RST7 ? MARKER.RST0 : next + 1;
    } else if (next !== 0 && next !== 0xff) return { end: start, isInOrder };
    at = start + (next === 0xff ? 1 : 2);
  }
}

function describe(marker: number): string {
  return NAMES.get(marker) ?? (isFrame(marker) ? 'SOF' : toHex(marker));
}

function toHex(marker: number): string {
  return `0x${marker.toString(16)}`;
}
