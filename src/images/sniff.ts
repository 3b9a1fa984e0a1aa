import { readMedia, type MediaKind } from './ftyp.js';
import { MAX_HEADER_ENTRIES, type HeifItems } from './heic/heif-items.js';
import { HEIC_PACKAGE, isHeicInstalled } from './heic/libheif.js';
import { installCommand } from './install-command.js';
import { RAW_SIGNATURES } from './raw-signatures.js';

/** The type of a file, recognised by its first bytes. */
export interface Sniffed {
  readonly kind: string; // for messages
  readonly decoder: 'sharp' | 'bmp' | 'heic' | undefined; // undefined: not supported
  readonly advice?: string;
  readonly folderAdvice?: string; // instead of it, for a file in a folder of the user's
  readonly rawFormat?: string; // of camera raw
}

const CONVERT = 'Convert it to JPEG or PNG.';

/** The bytes at an offset by which a type is recognised; `?` stands for any byte. */
const SIGNATURES: readonly (readonly [signature: string, offset: number, sniffed: Sniffed])[] = [
  ...RAW_SIGNATURES.map(
    ([signature, offset, rawFormat]) =>
      [signature, offset, { kind: 'camera raw', decoder: undefined, rawFormat }] as const,
  ), // before TIFF, with which some begin
  ['\xff\xd8\xff', 0, { kind: 'JPEG', decoder: 'sharp' }],
  ['\x89PNG\r\n\x1a\n', 0, { kind: 'PNG', decoder: 'sharp' }],
  ['GIF8', 0, { kind: 'GIF', decoder: 'sharp' }],
  ['RIFF????WEBP', 0, { kind: 'WebP', decoder: 'sharp' }],
  ['II*\0', 0, { kind: 'TIFF', decoder: 'sharp' }],
  ['MM\0*', 0, { kind: 'TIFF', decoder: 'sharp' }],
  ['II+\0', 0, { kind: 'BigTIFF', decoder: 'sharp' }],
  ['MM\0+', 0, { kind: 'BigTIFF', decoder: 'sharp' }],
  ['BM', 0, { kind: 'BMP', decoder: 'bmp' }],
  ['%PDF-', 0, { kind: 'PDF document', decoder: undefined, advice: 'Save its pages as images.' }],
  ['\x1f\x8b', 0, { kind: 'gzip archive', decoder: undefined, advice: 'Unpack it.' }],
  ['BZh', 0, { kind: 'bzip2 archive', decoder: undefined, advice: 'Unpack it.' }],
  ['7z\xbc\xaf\x27\x1c', 0, { kind: '7-Zip archive', decoder: undefined, advice: 'Unpack it.' }],
  ['\xfd7zXZ\0', 0, { kind: 'xz archive', decoder: undefined, advice: 'Unpack it.' }],
  ['Rar!\x1a\x07', 0, { kind: 'RAR archive', decoder: undefined, advice: 'Unpack it.' }],
  ['PK\x03\x04', 0, { kind: 'ZIP archive', decoder: undefined, advice: 'Unpack it.' }],
  ['\0\0\0\x0cJXL ', 0, { kind: 'JPEG XL', decoder: undefined, advice: CONVERT }],
  ['\xff\x0a', 0, { kind: 'JPEG XL', decoder: undefined, advice: CONVERT }],
  ['RIFF????AVI ', 0, { kind: 'AVI video', decoder: undefined, advice: 'Extract its frames first.' }],
  ['\0\0\0\x0cjP  ', 0, { kind: 'JPEG 2000', decoder: undefined, advice: CONVERT }],
  ['\xff\x4f\xff\x51', 0, { kind: 'JPEG 2000', decoder: undefined, advice: CONVERT }],
  ['8BPS', 0, { kind: 'Photoshop document', decoder: undefined, advice: CONVERT }],
  ['\0\0\x01\0', 0, { kind: 'icon (ICO)', decoder: undefined, advice: CONVERT }],
  ['\0\0\x02\0', 0, { kind: 'cursor (CUR)', decoder: undefined, advice: CONVERT }],
  ['DDS ', 0, { kind: 'DDS texture', decoder: undefined, advice: CONVERT }],
  ['qoif', 0, { kind: 'QOI', decoder: undefined, advice: CONVERT }],
  ['SIMPLE  =', 0, { kind: 'FITS', decoder: undefined, advice: CONVERT }],
  ['\x89HDF', 0, { kind: 'HDF5', decoder: undefined, advice: CONVERT }],
];

const HEIC_ADVICE =
  'Convert it to JPEG, for example with `heif-convert`. ' +
  `It is read where the server has the package ${HEIC_PACKAGE}.`;
const HEIC_FOLDER_ADVICE =
  `HEIC (iPhone) needs a decoder: run \`${installCommand(HEIC_PACKAGE)}\`. ` +
  'Or convert it to JPEG, for example with `heif-convert`.';

const MEDIA: Readonly<Record<MediaKind, Sniffed>> = {
  AVIF: { kind: 'AVIF', decoder: 'sharp' },
  'AVIF sequence': { kind: 'AVIF sequence', decoder: 'sharp' },
  HEIC: { kind: 'HEIC', decoder: undefined, advice: HEIC_ADVICE, folderAdvice: HEIC_FOLDER_ADVICE },
  HEIF: { kind: 'HEIF', decoder: 'sharp' }, // of a coding that is not known here: decoding tells
  'other HEIF': { kind: 'HEIF', decoder: undefined, advice: 'Convert it to JPEG, for example with `heif-convert`.' },
  'costly HEIF': {
    kind: `HEIF with more than ${MAX_HEADER_ENTRIES} boxes and references in its header`,
    decoder: undefined,
    advice: 'Save it again as JPEG, or as PNG.',
  },
  'camera raw': { kind: 'camera raw', decoder: undefined, rawFormat: 'Canon CR3' },
  video: { kind: 'MP4 or QuickTime video', decoder: undefined, advice: 'Extract its frames first.' },
};

const TEXTS: readonly (readonly [RegExp, Sniffed])[] = [
  [
    /^version https:\/\/git-lfs/,
    { kind: 'Git LFS pointer', decoder: undefined, advice: 'The image itself is not here yet: run `git lfs pull`.' },
  ],
  [
    /^\s*(<!doctype html|<html)/i,
    { kind: 'HTML page', decoder: undefined, advice: 'Probably a failed download: fetch the image again.' },
  ],
  [
    // Declarations and comments come first. One lazy star only: nested ones backtrack without end on a crafted file.
    /^\s*<(svg|[?!][^]*?<svg)[\s>]/i,
    {
      kind: 'SVG drawing',
      decoder: undefined,
      advice: 'Render it to PNG first: an SVG can read files and take any amount of time to render.',
    },
  ],
  [/^\s*<\?xml/i, { kind: 'XML document', decoder: undefined }],
  [
    /^\s*[[{]/,
    { kind: 'JSON document', decoder: undefined, advice: 'Probably a failed download: fetch the image again.' },
  ],
  [/^P[1-7]\s/, { kind: 'PNM (PPM, PGM)', decoder: undefined, advice: CONVERT }],

  [
    /^[^\u0000-\u0008\u000e-\u001f\ufffd]+$/,
    { kind: 'text file', decoder: undefined, folderAdvice: 'Move it out of the folder, or --exclude it.' },
  ],
];

/** Recognises a file by its content, whatever its name. */
export function sniff(bytes: Buffer): Sniffed {
  return sniffHeader(bytes).sniffed;
}

/** The same, with what was read of a HEIF header. */
export function sniffHeader(bytes: Buffer): { sniffed: Sniffed; heif?: HeifItems | undefined } {
  const media = readMedia(bytes);
  if (media === undefined) return { sniffed: sniffSignature(bytes) };
  const isHeic = media.kind === 'HEIC' && isHeicInstalled();
  return { sniffed: isHeic ? { kind: 'HEIC', decoder: 'heic' } : MEDIA[media.kind], heif: media.items };
}

function sniffSignature(bytes: Buffer): Sniffed {
  if (bytes.length === 0) return { kind: 'empty file', decoder: undefined, advice: 'Copy or download it again.' };
  const head = bytes.toString('latin1', 0, 32);
  for (const [signature, offset, sniffed] of SIGNATURES) {
    const matches = signature.split('').every((character, i) => character === '?' || head[offset + i] === character);
    if (matches) return sniffed;
  }
  const text = bytes.toString('utf8', 0, 1000);
  const found = TEXTS.find(([pattern]) => pattern.test(text));
  if (found !== undefined) return found[1];
  if (bytes.every((byte) => byte === 0)) {
    return {
      kind: 'file of zero bytes',
      decoder: undefined,
      advice: 'It was never completely written. Copy or download it again.',
    };
  }
  return { kind: 'file of unknown content', decoder: undefined };
}
