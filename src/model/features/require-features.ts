import { PreannotateError } from '../../core/errors.js';
import type { Fit } from '../../core/inference/input-form.js';
import type { Model } from '../source.js';

/** @throws PreannotateError CONFIG_INVALID when features are asked of a model or a fit that gives none. */
export function assertGivesFeatures({ reference, checkpoint }: Model, fit: Fit): void {
  if (fit === 'unpadded') {
    throw new PreannotateError({
      code: 'CONFIG_INVALID',
      message: '--features keeps what the model sees of its whole input, and --fit unpadded leaves out a part of that.',
      hint: 'Leave out one of them.',
    });
  }
  if (checkpoint.exported === undefined) return;
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message:
      `--features needs a model whose image encoder runs by itself, but ${reference} is an ONNX export, ` +
      'whose graph gives boxes for prompts only.',
    hint: 'Use the checkpoint itself (model.safetensors), such as google/owlvit-base-patch32, or leave out --features.',
  });
}
