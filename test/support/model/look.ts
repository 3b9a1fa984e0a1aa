import sharp, { type Sharp } from 'sharp';
import type { Size } from '../../../src/core/box.js';
import type { Detection } from '../../../src/core/detection.js';
import { openResizer } from '../../../src/images/resize/resizer.js';
import type { Detector } from '../../../src/model/detector.js';
import type { QueryBank } from '../../../src/model/query-groups.js';

/** A picture in memory: [height, width, 3] of 0–255. */
export interface Picture extends Size {
  readonly pixels: Uint8Array;
}

export async function readPicture(image: string | Sharp): Promise<Picture> {
  const { data, info } = await (typeof image === 'string' ? sharp(image) : image)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { pixels: data, width: info.width, height: info.height };
}

/** The same, padded by hand to a square at the bottom and the right. */
export function padded({ pixels, width, height }: Picture, level: number): Picture {
  const side = Math.max(width, height);
  const square = new Uint8Array(side * side * 3).fill(level);
  for (let y = 0; y < height; y++) square.set(pixels.subarray(y * width * 3, (y + 1) * width * 3), y * side * 3);
  return { pixels: square, width: side, height: side };
}

/** The upper left part of a picture. */
export function cut({ pixels, width }: Picture, part: Size): Picture {
  const rows = Array.from({ length: part.height }, (_, y) =>
    pixels.subarray(y * width * 3, (y * width + part.width) * 3),
  );
  return { pixels: Uint8Array.from(rows.flatMap((row) => [...row])), ...part };
}

/** A picture as a detector takes it: [H, W, 3]. */
export async function fitted(picture: Picture, { fit, inputSize }: Pick<Detector, 'fit' | 'inputSize'>) {
  await using resizer = openResizer(fit, inputSize);
  const target = new Uint8Array(inputSize.height * inputSize.width * 3);
  await resizer.resize({ ...picture, original: picture }, target);
  return target;
}

/** What a detector finds in a picture. */
export async function look(detector: Detector, picture: Picture, queries: QueryBank): Promise<Detection[]> {
  const { width, height } = picture;
  const [found] = await detector.detect(await fitted(picture, detector), [{ width, height }], [queries]);
  return found!;
}
