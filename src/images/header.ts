import { imageSize } from 'image-size';
import { imageSizeFromFile } from 'image-size/fromFile';
import { systemCodeOf } from '../core/errors.js';
import { readExifOrientation, readExifOrientationOf } from './exif-orientation.js';
import { readShownSize } from './heic/shown-size.js';

/** Types whose orientation the library does not tell. */
const WITH_EXIF = new Set(['png', 'webp', 'tiff']);

/** Types that say in another way than EXIF how they are turned, and hold several pictures. */
const HEIF = new Set(['heic', 'avif', 'mif1', 'msf1', 'heix', 'hevc', 'hevx']);

/** What the header of an image file says. */
export interface ImageHeader {
  readonly width: number; // pixels, as they are stored; of HEIC and AVIF, as they are shown
  readonly height: number;
  readonly orientation: number; // EXIF, 1 to 8; 1 is upright
  readonly type: string; // jpg, png …
}

/**
 * The header of an image file, without decoding it: only its first 512 KB are read.
 *
 * @returns Why there is none, otherwise.
 */
export async function readImageHeader(path: string): Promise<ImageHeader | 'missing' | 'unreadable'> {
  try {
    const { width, height, orientation, type = '' } = await imageSizeFromFile(path);
    if (HEIF.has(type)) return { ...((await readShownSize(path)) ?? { width, height }), orientation: 1, type };
    const others = WITH_EXIF.has(type) ? await readExifOrientation(path, type) : 1;
    return { width, height, orientation: orientation ?? others, type };
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '') ? 'missing' : 'unreadable';
  }
}

/** The EXIF orientation of an image in memory; undefined where its header cannot be read. */
export async function readOrientation(bytes: Uint8Array): Promise<number | undefined> {
  try {
    const { orientation, type = '' } = imageSize(bytes);
    return orientation ?? (WITH_EXIF.has(type) ? await readExifOrientationOf(bytes, type) : 1);
  } catch {
    return undefined;
  }
}
