import type { Size } from '../core/box.js';

/** A decoded image: upright, 8-bit RGB. */
export interface DecodedImage {
  readonly pixels: Uint8Array; // [height, width, 3]
  readonly width: number;
  readonly height: number;
  readonly original: Size; // before shrinking, where it was too large; the frame that boxes are given in
  readonly degraded?: string; // what is wrong with the file, of which only a part may be decoded
}
