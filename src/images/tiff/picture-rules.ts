import { PHOTOMETRIC } from './tags.js';

/** Compressions that libtiff decodes in the library of sharp; files with others are sound, but are refused. */
export const READ_COMPRESSIONS: ReadonlySet<number> = new Set([
  1, // none
  2, // CCITT run lengths
  3, // fax group 3
  4, // fax group 4
  5, // LZW
  7, // JPEG
  8, // Deflate
  32_771, // CCITT run lengths, aligned to words
  32_773, // PackBits
  32_809, // ThunderScan
  32_946, // Deflate, before it had a number
  50_001, // WebP
]);

/** Names of compressions that are refused. */
export const REFUSED_COMPRESSIONS: Readonly<Record<number, string>> = {
  6: 'old-style JPEG',
  32_908: 'Pixar film',
  32_909: 'Pixar log',
  33_003: 'JPEG 2000',
  33_004: 'JPEG 2000',
  33_005: 'JPEG 2000',
  34_661: 'JBIG',
  34_676: 'SGI log',
  34_677: 'SGI log',
  34_712: 'JPEG 2000',
  34_887: 'LERC',
  34_925: 'LZMA',
  50_000: 'Zstandard',
  50_002: 'JPEG XL',
  52_546: 'JPEG XL',
};

/** Meanings of a picture's numbers that are refused. */
export const REFUSED_COLOURS: Readonly<Record<number, string>> = {
  [PHOTOMETRIC.mask]: 'it is a transparency mask',
  [PHOTOMETRIC.iccLab]: 'its colours are in ICCLab',
  [PHOTOMETRIC.ituLab]: 'its colours are in ITULab',
  [PHOTOMETRIC.logL]: 'its samples are logarithms of luminance (LogL)',
  [PHOTOMETRIC.logLuv]: 'its samples are logarithms of luminance (LogLuv)',
};
