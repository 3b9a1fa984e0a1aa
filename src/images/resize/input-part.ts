import type { Size } from '../../core/box.js';

/** The upper left part of the model's input, in whole patches. */
export interface InputPart extends Size {
  readonly columns: number; // patches in a row of the part
  readonly inputColumns: number; // of the whole input
}

/** The part that shows an image which is padded to a square: the other patches are all padding. */
export function partWithImage(input: Size, patchSize: number, { width, height }: Size): InputPart {
  const side = Math.max(width, height);
  const count = (pixels: number, length: number) => Math.ceil((pixels * length) / (side * patchSize));
  const columns = count(width, input.width);
  const part = { height: count(height, input.height) * patchSize, width: columns * patchSize };
  return { ...part, columns, inputColumns: input.width / patchSize };
}

/** @param pixels - [N, H, W, 3] of the input. @returns [N, part.height, part.width, 3] */
export function cutPart(pixels: Uint8Array, input: Size, part: Size): Uint8Array {
  if (part.height === input.height && part.width === input.width) return pixels;
  const count = pixels.length / (input.height * input.width * 3);
  const cut = new Uint8Array(count * part.height * part.width * 3);
  let to = 0;
  for (let image = 0; image < count; image++) {
    for (let y = 0; y < part.height; y++, to += part.width * 3) {
      const from = (image * input.height + y) * input.width * 3;
      cut.set(pixels.subarray(from, from + part.width * 3), to);
    }
  }
  return cut;
}

/** The number that a patch of the part has in the whole input, row by row. */
export function patchOfInput(patch: number, { columns, inputColumns }: InputPart): number {
  const column = patch % columns;
  return ((patch - column) / columns) * inputColumns + column;
}
