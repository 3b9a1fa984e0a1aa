import type { Size } from '../../core/box.js';
import { isDamagedHevc } from './check-hevc.js';
import { codedPictures, type HeifItems } from './heif-items.js';
import { Libheif, RGB } from './libheif.js';

/** The picture to show of a file. */
export interface HeicPicture {
  readonly pixels: Uint8Array; // RGB of 8 bits, [height, width, 3], in the colours of the file's profile
  readonly pictures: number; // that it is made of: the tiles of a grid, else 1
  readonly damaged: number; // of these
}

/**
 * Decodes the picture to show. The decoder turns it as the file says, so EXIF is not looked at.
 *
 * A decoder has memory of its own: parts of a damaged file that fail to decode are not written, and a decoder of all
 * files would leave the pixels of an earlier image there.
 *
 * @param items - Of the header of the file.
 * @returns undefined when it fails, or has another size than the header says, by which the memory was judged.
 */
export function decodeHeic(bytes: Buffer, size: Size, items: HeifItems): HeicPicture | undefined {
  try {
    const libheif = new Libheif(bytes);
    const handle = libheif.primary();
    const width = libheif.c._heif_image_handle_get_width(handle);
    const height = libheif.c._heif_image_handle_get_height(handle);
    if (width !== size.width || height !== size.height) return undefined;
    const pixels = new Uint8Array(width * height * 3);
    const { rows, stride } = libheif.decode(handle, RGB);
    for (let y = 0; y < height; y++) pixels.set(libheif.bytes(rows + y * stride, width * 3), y * width * 3);
    return { pixels, ...countDamaged(libheif, items) };
  } catch {
    return undefined; // its errors say nothing about the file
  }
}

function countDamaged(libheif: Libheif, items: HeifItems): Pick<HeicPicture, 'pictures' | 'damaged'> {
  const pictures = codedPictures(items);
  const damaged = pictures.filter((item) => {
    const hvcC = items.properties.get(item)?.find(({ type }) => type === 'hvcC');
    return hvcC === undefined ? !items.types.has(item) : isDamagedHevc(libheif, item, hvcC.body);
  });
  return { pictures: pictures.length, damaged: damaged.length };
}
