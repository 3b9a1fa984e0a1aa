import { PreannotateError } from '../core/errors.js';
import type { Checkpoint, ModelConfig } from './checkpoint/checkpoint.js';

type VisionConfig = ModelConfig['vision_config'];

/** The model's input, in pixels; both are multiples of the patch size. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/**
 * The size asked for in whole patches, or the checkpoint's own.
 *
 * @throws PreannotateError CONFIG_INVALID when an export is to take another size than its own.
 */
export function inputSizeOf(
  { config, exported }: Pick<Checkpoint, 'config' | 'exported'>,
  wish?: ImageSize,
): ImageSize {
  const { image_size: native, patch_size: patch } = config.vision_config;
  const whole = (pixels: number) => Math.max(1, Math.round(pixels / patch)) * patch;
  const side = Math.floor(native / patch) * patch;
  const size =
    wish === undefined ? { height: side, width: side } : { height: whole(wish.height), width: whole(wish.width) };
  if (exported === undefined || (size.height === side && size.width === side)) return size;
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message: `${exported.path}: images must be ${side} x ${side}, not ${size.height} x ${size.width}: an ONNX export has one size.`,
    hint: 'Leave out --image-size, or use the checkpoint itself (model.safetensors), which takes any.',
  });
}

/** What the model cuts its input into. */
export function patchesOf({ config }: Pick<Checkpoint, 'config'>, { height, width }: ImageSize): number {
  const { patch_size: patch } = config.vision_config;
  return Math.floor(height / patch) * Math.floor(width / patch);
}

/** What the image size comes to, in words: what was asked for, what is used, and what that costs. */
export function describeInputSize(checkpoint: Pick<Checkpoint, 'config' | 'exported'>, wish: ImageSize): string {
  const { model_type: type, vision_config: vision } = checkpoint.config;
  const used = inputSizeOf(checkpoint, wish);
  const own = inputSizeOf(checkpoint);
  const size = ({ height, width }: ImageSize) => `${height} x ${width}`;
  const share = workOf(vision, patchesOf(checkpoint, used)) / workOf(vision, patchesOf(checkpoint, own));
  const rounded =
    size(used) === size(wish) ? '' : `, the nearest to ${size(wish)} in whole patches of ${vision.patch_size}`;
  const padded =
    type === 'owlv2' && used.height !== used.width
      ? ' OWLv2 pads images to a square first, so a square size shows more for the same time.'
      : '';
  return `Images are ${size(used)} (height x width) to the model${rounded}: ${share.toFixed(1)} times the work of its own ${size(own)}.${padded}`;
}

/** Multiplications of one layer: four projections and the MLP, and attention, which grows with the square. */
function workOf({ hidden_size: width, intermediate_size: inner }: VisionConfig, patches: number): number {
  return patches * (4 * width * width + 2 * width * inner) + 2 * patches * patches * width;
}
