import { PreannotateError } from '../core/errors.js';
import { traitsOf } from './families.js';
import type { Model } from './source.js';

/** @throws PreannotateError CONFIG_INVALID when a least objectness is asked of a model that gives none. */
export function assertGivesObjectness({ reference, checkpoint }: Model, minObjectness: number | undefined): void {
  const { title, hasObjectness } = traitsOf(checkpoint);
  if (minObjectness === undefined || hasObjectness) return;
  const isExport = checkpoint.exported !== undefined;
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message:
      `min_objectness is ${minObjectness}, but ${reference} gives no objectness: ` +
      `it is ${isExport ? 'an ONNX export' : `a model of ${title}`}.`,
    hint: isExport
      ? 'Use the OWLv2 checkpoint itself (model.safetensors), or leave out --min-objectness.'
      : 'Use an OWLv2 checkpoint, such as google/owlv2-base-patch16-ensemble, or leave out --min-objectness.',
  });
}
