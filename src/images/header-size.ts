import type { Size } from '../core/box.js';
import { readImageHeader, type ImageHeader } from './header.js';

const TURNED = 5; // EXIF orientations from here on exchange width and height

/**
 * The size of an upright image by the header of its file, without decoding it.
 *
 * @returns undefined where there is no such file, or it is no image.
 */
export async function readHeaderSize(path: string): Promise<Size | undefined> {
  const header = await readImageHeader(path);
  return typeof header === 'string' ? undefined : uprightSizeOf(header);
}

/** The size once the EXIF orientation is applied. */
export function uprightSizeOf({ width, height, orientation }: ImageHeader): Size {
  return orientation >= TURNED ? { width: height, height: width } : { width, height };
}
