import type { Checkpoint } from '../../../src/model/checkpoint/checkpoint.js';
import { traitsOf } from '../../../src/model/families.js';
import type { Tensor } from './golden.js';

/** Reference pixels [B, 3, H, W], normalised, as the graph takes them: [B, H, W, 3] of 0–255, cut to whole patches. */
export function pixelsOf(checkpoint: Checkpoint, { data, shape }: Tensor) {
  const [batch, , fullHeight, fullWidth] = shape as [number, number, number, number];
  const { preprocessor } = checkpoint;
  const { patchSize: patch } = traitsOf(checkpoint);
  const size = { height: fullHeight - (fullHeight % patch), width: fullWidth - (fullWidth % patch) };
  const pixels = new Float32Array(batch * size.height * size.width * 3);
  for (let b = 0, to = 0; b < batch; b++) {
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        for (let c = 0; c < 3; c++) {
          const value = data[((b * 3 + c) * fullHeight + y) * fullWidth + x]!;
          pixels[to++] = (value * preprocessor.image_std[c]! + preprocessor.image_mean[c]!) * 255;
        }
      }
    }
  }
  return { size, pixels };
}
