import { createRequire } from 'node:module';
import type { Size } from '../../core/box.js';

/** The package that decodes HEIC: libheif in WebAssembly. It is optional for its size, and for the licences of HEVC. */
export const HEIC_PACKAGE = 'heic-decode';

const packages = createRequire(import.meta.url);

/** The part of the package that is used here. */
interface HeicDecoder {
  all(file: { readonly buffer: Uint8Array }): Promise<readonly HeicPicture[] & { dispose(): void }>;
}

interface HeicPicture {
  readonly width: number; // pixels, upright
  readonly height: number;
  decode(): Promise<{ readonly data: Uint8ClampedArray }>; // [height, width, RGBA]
}

/** The brands that files may begin with: the package refuses others. */
const BRANDS = new Set(['heic', 'heix', 'hevc', 'hevx', 'mif1', 'msf1']);

/** Whether the optional package is installed, and reads such a file. */
export function canDecodeHeic(bytes: Buffer): boolean {
  if (!BRANDS.has(bytes.toString('latin1', 8, 12))) return false;
  try {
    packages.resolve(HEIC_PACKAGE);
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
  const decoder = createDecoder();
  try {
    const pictures = await decoder.all({ buffer: bytes });
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

/**
 * A decoder with memory of its own. Parts of a damaged file that fail to decode are not written, and a decoder of all
 * files would leave the pixels of an earlier image there.
 */
function createDecoder(): HeicDecoder {
  const joinDecoder = packages(`${HEIC_PACKAGE}/lib.js`) as (libheif: unknown) => HeicDecoder;
  const itsPackages = createRequire(packages.resolve(HEIC_PACKAGE));
  const createLibheif = itsPackages('libheif-js/libheif-wasm/libheif-bundle.js') as () => unknown;
  return joinDecoder(createLibheif());
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
