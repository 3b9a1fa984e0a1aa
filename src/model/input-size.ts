import type { Checkpoint } from './checkpoint.js';

/** The model's input, in pixels; both are multiples of the patch size. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** The size asked for in whole patches, or the checkpoint's own. */
export function inputSizeOf({ config }: Pick<Checkpoint, 'config'>, wish?: ImageSize): ImageSize {
  const { image_size: native, patch_size: patch } = config.vision_config;
  const whole = (pixels: number) => Math.max(1, Math.round(pixels / patch)) * patch;
  const nativeSide = Math.floor(native / patch) * patch;
  if (wish === undefined) return { height: nativeSide, width: nativeSide };
  return { height: whole(wish.height), width: whole(wish.width) };
}
