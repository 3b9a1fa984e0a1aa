import { imageSizeFromFile } from 'image-size/fromFile';
import type { Size } from '../core/box.js';

const TURNED = 5; // EXIF orientations from here on exchange width and height

/**
 * The size of an upright image by the header of its file, without decoding it: only its first 512 KB are read.
 *
 * @returns undefined where there is no such file, or it is no image.
 */
export async function readHeaderSize(path: string): Promise<Size | undefined> {
  try {
    const { width, height, orientation = 1 } = await imageSizeFromFile(path);
    return orientation >= TURNED ? { width: height, height: width } : { width, height };
  } catch {
    return undefined; // the caller reports that the size is not known
  }
}
