import type { Fit, InputForm, RequestedForm } from '../core/inference/input-form.js';
import type { ImageSize } from './artifact.js';
import type { ModelTraits } from './family.js';

/** Leaves everything to the family. */
export const DEFAULT_FORM: RequestedForm = { fit: 'auto' };

/** What was requested, in terms of the model that is used. */
export function resolveForm(traits: Pick<ModelTraits, 'fit'>, { fit }: RequestedForm): InputForm {
  return { fit: fit === 'auto' || fit === 'letterbox' ? traits.fit[fit] : fit };
}

/** What a requested image size comes to, in words: what was requested, what is used, and what that costs. */
export function describeInputSize(traits: ModelTraits, requested: ImageSize, fit: Fit): string {
  const used = traits.inputSize(requested);
  const own = traits.inputSize();
  const share = traits.work(used) / traits.work(own);
  const rounded =
    sizeText(used) === sizeText(requested)
      ? ''
      : `, the nearest to ${sizeText(requested)} in whole patches of ${traits.patchSize}`;
  const padded =
    fit !== 'stretch' && used.height !== used.width
      ? ' Images are padded to a square first, so a square size shows more for the same time.'
      : '';
  return (
    `Images are ${sizeText(used)} (height x width) to the model${rounded}: ` +
    `${share.toFixed(1)} times the work of its own ${sizeText(own)}.${padded}`
  );
}

function sizeText({ height, width }: ImageSize): string {
  return `${height} x ${width}`;
}
