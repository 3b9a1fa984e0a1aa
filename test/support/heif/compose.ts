import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../model/golden.js';

/** A picture in a HEIF file, or what joins pictures to one. Its number is its place in the list, from 1. */
export interface HeifItem {
  readonly type: string; // hvc1, av01, grid, Exif
  readonly data: Buffer;
  readonly properties: readonly Buffer[];
  readonly parts?: readonly number[]; // of a grid: the numbers of its tiles
  readonly describes?: number; // of EXIF: the picture
}

const QUARTERS = ['top-left', 'top-right', 'bottom-left', 'bottom-right'] as const;
export const QUARTER = { width: 160, height: 120 };

/** A box of ISO/IEC 14496-12. */
export function box(type: string, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([uint(8 + body.length, 4), Buffer.from(type, 'latin1'), body]);
}

/** Turns a picture, in quarters anticlockwise. */
export const irot = (quarters: number): Buffer => box('irot', uint(quarters, 1));

/** Crops a picture to its middle. @param divisor - Of both, which are fractions in the file. */
export const clap = (width: number, height: number, divisor = 1): Buffer =>
  box('clap', ...[width, divisor, height, divisor, 0, 1, 0, 1].map((value) => uint(value, 4)));

/** A quarter of scene-01.jpg, coded by HEVC. */
export function quarter(which: number, ...properties: readonly Buffer[]): HeifItem {
  const file = readFileSync(join(ROOT, 'fixtures/heic', `${QUARTERS[which]!}.heic`));
  const hvcC = file.indexOf('hvcC') - 4;
  const coded = file.subarray(hvcC, hvcC + file.readUInt32BE(hvcC));
  const data = file.subarray(file.indexOf('mdat') + 4);
  return { type: 'hvc1', data, properties: [coded, ispe(QUARTER), ...properties] };
}

/** The four quarters as tiles of a grid, as phones store photos; the grid is the last item. */
export const gridOfQuarters = (...properties: readonly Buffer[]): HeifItem[] => gridOf(2, 2, properties);

/** A grid of as many tiles, which show the quarters in turn. */
export function gridOf(columns: number, rows: number, properties: readonly Buffer[] = []): HeifItem[] {
  const tiles = Array.from({ length: columns * rows }, (_, i) => quarter(i % QUARTERS.length));
  const size = { width: columns * QUARTER.width, height: rows * QUARTER.height };
  const data = Buffer.concat([Buffer.from([0, 0, rows - 1, columns - 1]), uint(size.width, 2), uint(size.height, 2)]);
  const grid = { type: 'grid', data, properties: [ispe(size), ...properties], parts: tiles.map((_tile, i) => i + 1) };
  return [...tiles, grid];
}

const FTYP = box('ftyp', Buffer.from('heic\0\0\0\0mif1heic', 'latin1'));
const FIELDS: Readonly<Record<string, Buffer>> = {
  meta: Buffer.alloc(4),
  iinf: Buffer.alloc(6),
  iref: Buffer.alloc(4),
};

/** A file with as many empty boxes in the innermost of the boxes named, or in none. */
export function manyBoxes(count: number, ...within: readonly string[]): Buffer {
  let content: Buffer = Buffer.alloc(8 * count, box('free'));
  for (const type of [...within].reverse()) content = box(type, FIELDS[type] ?? Buffer.alloc(0), content);
  return Buffer.concat([FTYP, content]);
}

/** A file whose pictures are made of as many parts, or whose properties are of as many pictures. */
export function manyReferences(count: number, type: 'dimg' | 'ipma'): Buffer {
  if (type === 'ipma') {
    const associations = fullBox('ipma', 0, uint(count, 4), Buffer.alloc(3 * count));
    return Buffer.concat([FTYP, fullBox('meta', 0, box('iprp', box('ipco'), associations))]);
  }
  const lists = [];
  for (let left = count; left > 0; left -= 0xffff) {
    const length = Math.min(left, 0xffff);
    lists.push(box('dimg', uint(1, 2), uint(length, 2), Buffer.alloc(2 * length, 7)));
  }
  return Buffer.concat([FTYP, fullBox('meta', 0, fullBox('pitm', 0, uint(1, 2)), fullBox('iref', 0, ...lists))]);
}

/** Writes a HEIF file. @param brands - The one that it was made for first. */
export function composeHeif(
  items: readonly HeifItem[],
  { primary, brands = ['heic', 'mif1', 'heic'] }: { primary: number; brands?: readonly string[] },
): Buffer {
  const [major, ...compatible] = brands.map((brand) => Buffer.from(brand, 'latin1'));
  const ftyp = box('ftyp', major!, uint(0, 4), ...compatible);
  const meta = (start: number) => metaBox(items, { primary, start });
  const start = ftyp.length + meta(0).length + 8;
  return Buffer.concat([ftyp, meta(start), box('mdat', ...items.map(({ data }) => data).reverse())]);
}

/** Where the data of an item begins and ends in the file. The last item is stored first, as phones store a grid. */
export function rangeOf(items: readonly HeifItem[], item: number, file: Buffer): { from: number; to: number } {
  const lengths = items.map(({ data }) => data.length);
  const from = file.length - lengths.slice(0, item).reduce((sum, length) => sum + length, 0);
  return { from, to: from + lengths[item - 1]! };
}

function metaBox(items: readonly HeifItem[], { primary, start }: { primary: number; start: number }): Buffer {
  const entries = items.map(({ type }, i) =>
    fullBox('infe', 2, uint(i + 1, 2), uint(0, 2), Buffer.from(`${type}\0`, 'latin1')),
  );
  const refer = (type: string, from: number, to: readonly number[]) =>
    box(type, uint(from, 2), uint(to.length, 2), ...to.map((item) => uint(item, 2)));
  const references = items.flatMap(({ parts, describes }, i) => [
    ...(parts === undefined ? [] : [refer('dimg', i + 1, parts)]),
    ...(describes === undefined ? [] : [refer('cdsc', i + 1, [describes])]),
  ]);
  return fullBox(
    'meta',
    0,
    fullBox('hdlr', 0, uint(0, 4), Buffer.from('pict', 'latin1'), Buffer.alloc(13)),
    fullBox('pitm', 0, uint(primary, 2)),
    locations(items, start),
    fullBox('iinf', 0, uint(items.length, 2), ...entries),
    ...(references.length === 0 ? [] : [fullBox('iref', 0, ...references)]),
    propertiesBox(items),
  );
}

function locations(items: readonly HeifItem[], start: number): Buffer {
  let at = start + items.reduce((sum, { data }) => sum + data.length, 0);
  const entries = items.map(({ data }, i) => {
    at -= data.length;
    return Buffer.concat([uint(i + 1, 2), uint(0, 2), uint(1, 2), uint(at, 4), uint(data.length, 4)]);
  });
  return fullBox('iloc', 0, Buffer.from([0x44, 0]), uint(items.length, 2), ...entries);
}

function propertiesBox(items: readonly HeifItem[]): Buffer {
  let index = 0;
  const associations = items.map(({ properties }, i) => {
    const numbers = properties.map(() => uint(++index, 1));
    return Buffer.concat([uint(i + 1, 2), uint(properties.length, 1), ...numbers]);
  });
  const all = box('ipco', ...items.flatMap(({ properties }) => properties));
  return box('iprp', all, fullBox('ipma', 0, uint(items.length, 4), ...associations));
}

/** The size of a picture. */
function ispe({ width, height }: { width: number; height: number }): Buffer {
  return fullBox('ispe', 0, uint(width, 4), uint(height, 4));
}

function fullBox(type: string, version: number, ...content: readonly Buffer[]): Buffer {
  return box(type, Buffer.from([version, 0, 0, 0]), ...content);
}

function uint(value: number, bytes: 1 | 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}
