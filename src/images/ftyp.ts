/** What a file of the ISO base media format holds. */
export type MediaKind = 'AVIF' | 'AVIF sequence' | 'HEIC' | 'HEIF' | 'other HEIF' | 'camera raw' | 'video';

/** What brands say about the content, most telling first. */
const BRANDS: readonly (readonly [kind: MediaKind, brands: readonly string[]])[] = [
  ['AVIF', ['avif']],
  ['AVIF sequence', ['avis']],
  ['HEIC', ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs']],
  ['camera raw', ['crx ']], // Canon's CR3
  ['other HEIF', ['avci', 'avcs', 'jpeg', 'jpgs', 'j2ki', 'j2is', 'vvic', 'vvis', 'evbi']],
];

/** Brands of any codec: decoding tells which. */
const GENERAL: readonly string[] = ['mif1', 'mif2', 'msf1', 'miaf'];
const MAX_BOX_BYTES = 1024;

/**
 * Recognises such a file by its brands: by the one that it was made for, and where that is `mif1`, which AVIF and HEIC
 * may both be, by those that it is compatible with.
 *
 * @param bytes - The start of the file.
 * @returns undefined when it does not begin with a `ftyp` box.
 */
export function readMediaKind(bytes: Buffer): MediaKind | undefined {
  if (bytes.length < 12 || bytes.toString('latin1', 4, 8) !== 'ftyp') return undefined;
  const major = bytes.toString('latin1', 8, 12);
  const end = Math.min(bytes.readUInt32BE(0), bytes.length, MAX_BOX_BYTES);
  const brands = [major];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(bytes.toString('latin1', at, at + 4));
  const isGeneral = GENERAL.includes(major);
  const telling = isGeneral ? brands : [major];
  const known = BRANDS.find(([, wanted]) => telling.some((brand) => wanted.includes(brand)));
  return known?.[0] ?? (isGeneral ? 'HEIF' : 'video');
}
