import { codedPictures, readHeifItems, type HeifItems } from './heic/heif-items.js';

/** What a file of the ISO base media format holds. */
export type MediaKind =
  'AVIF' | 'AVIF sequence' | 'HEIC' | 'HEIF' | 'other HEIF' | 'costly HEIF' | 'camera raw' | 'video';

export interface Media {
  readonly kind: MediaKind;
  readonly items?: HeifItems | undefined; // of its header, where that has been read
}

/** What brands say about the content, most telling first. */
const BRANDS: readonly (readonly [kind: MediaKind, brands: readonly string[]])[] = [
  ['AVIF', ['avif']],
  ['AVIF sequence', ['avis']],
  ['HEIC', ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs']],
  ['camera raw', ['crx ']], // Canon's CR3
  ['other HEIF', ['avci', 'avcs', 'jpeg', 'jpgs', 'j2ki', 'j2is', 'vvic', 'vvis', 'evbi']],
];

/** Brands of any codec. */
const GENERAL: readonly string[] = ['mif1', 'mif2', 'msf1', 'miaf'];

/** What the coding of its picture says, which is more than brands do. */
const CODINGS = new Map<string, MediaKind>([
  ['hvc1', 'HEIC'],
  ['av01', 'AVIF'],
  ...['vvc1', 'evc1', 'avc1', 'j2k1', 'jpeg', 'unci'].map((type) => [type, 'other HEIF'] as const),
]);

/** Brands by which decoders recognise such a file: libvips by the first, libheif by one of the others. */
const FIRST_BRANDS = new Set([
  'heic',
  'heix',
  'heim',
  'heis',
  'hevc',
  'hevx',
  'hevm',
  'hevs',
  'mif1',
  'msf1',
  'avif',
  'avis',
]);
const OTHER_BRANDS = new Set(['heic', 'heix', 'mif1', 'msf1', 'avif', 'avis']);

/** Those that have pictures of their own, which decoders may know. */
const HEIF_KINDS: readonly string[] = ['AVIF', 'HEIC', 'HEIF'] satisfies MediaKind[];

const MAX_BOX_BYTES = 1024;
const FIRST_BRAND = 8; // where it is in the file
const OTHER_BRAND = 16;

/**
 * Recognises such a file by the coding of its picture; where the first bytes do not have it, by its brands: by the one
 * that it was made for, and where that is `mif1`, which AVIF and HEIC may both be, by those that it is compatible with.
 *
 * @param bytes - The start of the file.
 * @returns undefined when it does not begin with a `ftyp` box.
 */
export function readMedia(bytes: Buffer): Media | undefined {
  const brands = readBrands(bytes);
  if (brands === undefined) return undefined;
  const [major] = brands;
  const isGeneral = GENERAL.includes(major);
  const telling = isGeneral ? brands : [major];
  const known = BRANDS.find(([, wanted]) => telling.some((brand) => wanted.includes(brand)));
  const byBrand = known?.[0] ?? (isGeneral ? 'HEIF' : 'video');
  if (['AVIF sequence', 'camera raw', 'video'].includes(byBrand)) return { kind: byBrand };
  const items = readHeifItems(bytes);
  return items === undefined ? { kind: 'costly HEIF' } : { kind: readCoding(items) ?? byBrand, items };
}

/**
 * The file with brands that decoders know, which refuse others: a copy where it has none of them, as with `mif2` alone.
 *
 * @param bytes - A whole file of any format.
 * @param kind - As it was recognised.
 */
export function withKnownBrands(bytes: Buffer, kind: string): Buffer {
  const [first, ...others] = (HEIF_KINDS.includes(kind) ? readBrands(bytes) : undefined) ?? [];
  if (first === undefined) return bytes;
  const isKnown = others.some((brand) => OTHER_BRANDS.has(brand));
  if (FIRST_BRANDS.has(first) && (isKnown || others.length === 0)) return bytes;
  const copy = Buffer.from(bytes);
  copy.write('mif1', FIRST_BRAND, 'latin1');
  if (others.length > 0 && !isKnown) copy.write('mif1', OTHER_BRAND, 'latin1');
  return copy;
}

/** The brand that a file was made for, then those that it is compatible with. */
function readBrands(bytes: Buffer): [string, ...string[]] | undefined {
  if (bytes.length < 12 || bytes.toString('latin1', 4, 8) !== 'ftyp') return undefined;
  const end = Math.min(bytes.readUInt32BE(0), bytes.length, MAX_BOX_BYTES);
  const brands: [string, ...string[]] = [bytes.toString('latin1', FIRST_BRAND, FIRST_BRAND + 4)];
  for (let at = OTHER_BRAND; at + 4 <= end; at += 4) brands.push(bytes.toString('latin1', at, at + 4));
  return brands;
}

/** @returns undefined where the header is not in these bytes, or says nothing */
function readCoding(items: HeifItems): MediaKind | undefined {
  const [shown] = codedPictures(items);
  const coding = shown === undefined ? undefined : CODINGS.get(items.types.get(shown) ?? '');
  if (coding !== undefined) return coding;
  const coded = [...items.types.values()].find((type) => CODINGS.has(type)); // what it is made of is not in these bytes
  return coded === undefined ? undefined : CODINGS.get(coded);
}
