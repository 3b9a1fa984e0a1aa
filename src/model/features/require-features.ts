import { PreannotateError } from '../../core/errors.js';
import type { Model } from '../source.js';

/** @throws PreannotateError CONFIG_INVALID when features are asked of a model that gives none. */
export function assertGivesFeatures({ reference, checkpoint }: Model): void {
  if (checkpoint.exported === undefined) return;
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message:
      `--features needs a model whose image encoder runs by itself, but ${reference} is an ONNX export, ` +
      'whose graph gives boxes for prompts only.',
    hint: 'Use the checkpoint itself (model.safetensors), such as google/owlvit-base-patch32, or leave out --features.',
  });
}
