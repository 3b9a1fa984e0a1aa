import { damaged, odd, unsupported, type Finding } from './finding.js';

/** What scans refer to. */
export interface Frame {
  readonly isProgressive: boolean;
  readonly tables: ReadonlyMap<number, number>; // component to quantisation table
}

/** How frames are coded that libjpeg does not decode, by the low digit of the marker. */
const UNSUPPORTED_FRAMES = new Map([
  [3, 'lossless'],
  [5, 'hierarchical'],
  [6, 'hierarchical'],
  [7, 'hierarchical lossless'],
  [11, 'lossless'],
  [13, 'hierarchical'],
  [14, 'hierarchical'],
  [15, 'hierarchical lossless'],
]);

/** Whether a marker begins a frame header: SOF0 to SOF15. Three codes in between have other meanings. */
export function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** @returns undefined where nothing behind it can be understood. */
export function* inspectFrame(marker: number, segment: Buffer): Generator<Finding, Frame | undefined, undefined> {
  const coding = UNSUPPORTED_FRAMES.get(marker & 0x0f);
  if (coding !== undefined) return yield unsupported(`it is a ${coding} JPEG (SOF${marker & 0x0f})`);
  const count = segment[5] ?? 0;
  if (segment.length !== 6 + 3 * count) return yield damaged('its frame header (SOF) is damaged');
  if (segment[0] !== 8) return yield unsupported(`it has ${segment[0]} bits a sample`);
  if (segment.readUInt16BE(1) === 0 || segment.readUInt16BE(3) === 0 || count === 0) {
    return yield damaged('its frame header (SOF) has no size');
  }
  const tables = new Map<number, number>();
  for (let at = 6; at < segment.length; at += 3) tables.set(segment[at]!, segment[at + 2]!);
  return { isProgressive: (marker & 3) === 2, tables };
}

/** @param found - The numbers of the tables are added to it. */
export function* inspectQuantisation(segment: Buffer, found: Set<number>): Generator<Finding, void, undefined> {
  for (let at = 0; at < segment.length;) {
    const table = segment[at]! & 0x0f;
    at += 1 + (segment[at]! >= 0x10 ? 128 : 64);
    if (table > 3 || at > segment.length) return yield damaged('its quantisation tables (DQT) are damaged');
    found.add(table);
  }
}

export function* inspectHuffmanTables(segment: Buffer): Generator<Finding, void, undefined> {
  for (let at = 0; at < segment.length;) {
    const isKnown = (segment[at]! & 0xef) < 4;
    const symbols = segment.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0);
    at += 17 + symbols;
    if (!isKnown || symbols > 256 || at > segment.length) return yield damaged('its Huffman tables (DHT) are damaged');
  }
}

export function* inspectScan(
  segment: Buffer,
  { isProgressive, tables }: Frame,
  quantisation: ReadonlySet<number>,
): Generator<Finding, void, undefined> {
  const count = segment[0] ?? 0;
  if (count === 0 || count > 4 || segment.length !== 4 + 2 * count) {
    return yield damaged('its start-of-scan header (SOS) is damaged');
  }
  for (let at = 1; at <= 2 * count; at += 2) {
    const table = tables.get(segment[at]!);
    if (table === undefined) return yield damaged('its start-of-scan header (SOS) names an unknown component');
    if (!quantisation.has(table)) return yield damaged(`its quantisation table ${table} (DQT) is missing`);
  }
  const [first, last, bits] = segment.subarray(-3) as unknown as [number, number, number];
  if (!isProgressive) {
    if (first === 0 && last === 63 && bits === 0) return;
    return yield odd('its start-of-scan header (SOS) has invalid parameters for a sequential JPEG');
  }
  const isSpectral = first === 0 ? last === 0 : first <= last && last < 64 && count === 1;
  const [high, low] = [bits >> 4, bits & 0x0f];
  if (isSpectral && low <= 13 && (high === 0 || high === low + 1)) return;
  yield damaged('its start-of-scan header (SOS) has invalid parameters for a progressive JPEG');
}
