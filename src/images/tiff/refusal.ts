import { PreannotateError } from '../../core/errors.js';
import { numberOf, numbersOf, type TiffPage } from './read-pages.js';
import { TAG } from './tags.js';

/** Commands that make a file that can be read, by what is wrong. */
export const ADVICE = {
  bytes: '`gdal_translate -ot Byte -scale in.tif out.tif`',
  bands: '`gdal_translate -b 1 -b 2 -b 3 -colorinterp red,green,blue in.tif out.tif`, with the numbers of your bands',
  colours: '`magick in.tif -colorspace sRGB -depth 8 out.tif`',
  compression: '`gdal_translate -co COMPRESS=DEFLATE in.tif out.tif` or `magick in.tif -compress zip out.tif`',
} as const;

/** A sound TIFF file whose pixels cannot be read, or do not say what they mean. */
export function refusedTiffError(reason: string, advice: string): PreannotateError {
  const hint = `The file is not damaged. Convert it, for example with ${advice}.`;
  return new PreannotateError({
    code: 'IMAGE_UNSUPPORTED',
    message: `this TIFF file cannot be shown: ${reason}.`,
    hint,
    clientHint: hint,
  });
}

/** A TIFF file whose tags are wrong, so that it is not even tried. */
export function damagedTiffError(reason: string): PreannotateError {
  return new PreannotateError({
    code: 'IMAGE_UNDECODABLE',
    message: `the TIFF image cannot be decoded: ${reason}.`,
    hint: 'It is damaged or truncated. Copy or download it again.',
  });
}

/** How many bytes a byte of a file can become, where that is known: of zeros alone. Others become any number. */
const LARGEST_RATIO: Readonly<Record<number, number>> = { 1: 1, 5: 1500, 8: 1032, 32_773: 64, 32_946: 1032 };
const HELD_SHARE = 1 / 8; // of the pixels; of a file that is cut short, what is there is decoded
const ALWAYS_TRIED_BYTES = 1e6;

/**
 * Refuses a size that the file cannot hold: libvips looks for the rest for minutes.
 *
 * @param bits - Of a pixel.
 * @throws PreannotateError IMAGE_UNDECODABLE
 */
export function refuseImpossibleSize(page: TiffPage, bits: number): void {
  const [width, height] = [numberOf(page, TAG.width, 0), numberOf(page, TAG.height, 0)];
  const bytes = Math.ceil((width * height * bits) / 8);
  const ratio = LARGEST_RATIO[numberOf(page, TAG.compression, 1)];
  const isSparse = [TAG.stripBytes, TAG.tileBytes].some((tag) => numbersOf(page, tag).includes(0));
  const held = page.file.bytes.length * (ratio ?? Infinity);
  if (isSparse || bytes <= ALWAYS_TRIED_BYTES || bytes * HELD_SHARE <= held) return;
  throw damagedTiffError(
    `its ${width} x ${height} pixels take ${bytes} bytes, which its ${page.file.bytes.length} bytes cannot hold`,
  );
}
