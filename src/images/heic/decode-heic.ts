import { createRequire } from 'node:module';
import type { Size } from '../../core/box.js';

/** The package that decodes HEIC: libheif in WebAssembly. It is optional for its size, and for the licences of HEVC. */
export const HEIC_PACKAGE = 'heic-decode';

const { resolve } = createRequire(import.meta.url);

/** The brands that files may begin with: the package refuses others. */
const BRANDS = new Set(['heic', 'heix', 'hevc', 'hevx', 'mif1', 'msf1']);

/** Whether the optional package is installed, and reads such a file. */
export function canDecodeHeic(bytes: Buffer): boolean {
  if (!BRANDS.has(bytes.toString('latin1', 8, 12))) return false;
  try {
    resolve(HEIC_PACKAGE);
    return true;
  } catch {
    return false;
  }
}

/**
 * Decodes the first picture. The decoder turns it as the file says, so EXIF is not looked at.
 *
 * @returns RGB of 8 bits, [height, width, 3], in the colours of the file's profile. undefined when it fails, or has
 *   another size than the header says, by which the memory was judged.
 */
export async function decodeHeic(bytes: Buffer, size: Size): Promise<Uint8Array | undefined> {
  const { default: heicDecode } = await import('heic-decode');
  try {
    const pictures = await heicDecode.all({ buffer: bytes });
    try {
      const [picture] = pictures;
      if (picture?.width !== size.width || picture.height !== size.height) return undefined;
      const { data } = await picture.decode();
      return withoutAlpha(data);
    } finally {
      pictures.dispose();
    }
  } catch {
    return undefined; // its errors say nothing about the file
  }
}

function withoutAlpha(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    rgb[to++] = rgba[from]!;
    rgb[to++] = rgba[from + 1]!;
    rgb[to++] = rgba[from + 2]!;
  }
  return rgb;
}
