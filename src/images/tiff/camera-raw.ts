import { PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { numberOf, textOf, type TiffPage, type TiffPages } from './read-pages.js';
import { PHOTOMETRIC, TAG } from './tags.js';

/** Compressions of sensor data: Kodak, Sony, Samsung, Nikon, Pentax. */
const RAW_COMPRESSIONS: ReadonlySet<number> = new Set([262, 32_767, 32_770, 34_713, 65_000, 65_024, 65_535]);

/** Formats by what the camera calls its maker. Hasselblad, Mamiya and others have no entry. */
const FORMATS: readonly (readonly [maker: RegExp, format: string])[] = [
  [/^nikon/i, 'Nikon NEF'],
  [/^canon/i, 'Canon CR2'],
  [/^sony/i, 'Sony ARW'],
  [/^(pentax|ricoh|asahi)/i, 'Pentax PEF'],
  [/^samsung/i, 'Samsung SRW'],
];

/**
 * Finds out whether a TIFF file is camera raw: sensor data that must be developed, with a small picture for viewers as
 * its first page. Pictures that a camera or a scanner saved as TIFF are not.
 *
 * @returns Its format for messages.
 */
export function findCameraRaw({ main, nested }: TiffPages): string | undefined {
  const pages = [...main, ...nested];
  if (pages.some(({ fields }) => fields.has(TAG.dngVersion))) return 'DNG';
  if (!pages.some(isSensorData)) return undefined;
  const maker = pages.map((page) => textOf(page, TAG.make).trim()).find((text) => text !== '') ?? '';
  return (
    FORMATS.find(([pattern]) => pattern.test(maker))?.[1] ?? (printable(maker).slice(0, 40) || 'of an unnamed camera')
  );
}

function isSensorData(page: TiffPage): boolean {
  const photometric = numberOf(page, TAG.photometric, PHOTOMETRIC.blackIsZero);
  if (photometric === PHOTOMETRIC.colourFilterArray || photometric === PHOTOMETRIC.linearRaw) return true;
  return RAW_COMPRESSIONS.has(numberOf(page, TAG.compression, 1));
}

/** @param format - Such as `Nikon NEF`, where it is known. */
export function cameraRawError(format?: string): PreannotateError {
  const hint =
    'Develop it to JPEG or TIFF, for example with `darktable-cli in.raw out.jpg` or `magick in.raw out.jpg`. ' +
    'The picture that viewers show of it is a thumbnail.';
  return new PreannotateError({
    code: 'IMAGE_UNSUPPORTED',
    message: `camera raw: convert it first${format === undefined ? '' : ` (${format})`}.`,
    hint,
    clientHint: hint,
  });
}
