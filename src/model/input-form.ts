import type { Fit, InputForm, RequestedForm } from '../core/inference/input-form.js';
import { PreannotateError } from '../core/errors.js';
import type { ImageSize } from './artifact.js';
import { traitsOf } from './families.js';
import type { ModelTraits } from './family.js';
import type { Model } from './source.js';

/** Leaves everything to the family. */
export const DEFAULT_FORM: RequestedForm = { fit: 'auto', positions: 'auto' };

/**
 * What was requested, for the model that is used.
 *
 * @param imageSize - As requested; default: the model's own.
 * @throws PreannotateError CONFIG_INVALID for a fit that the model does not take.
 */
export function resolveForm(traits: ModelTraits, { fit, positions }: RequestedForm, imageSize?: ImageSize): InputForm {
  if (fit === 'unpadded' && !traits.takesParts) throw partsRefusedError(traits);
  const { width, height } = traits.inputSize(imageSize);
  const own = traits.inputSize();
  const isSmaller = width <= own.width && height <= own.height && (width < own.width || height < own.height);
  return {
    fit: fit === 'auto' || fit === 'letterbox' ? traits.fit[fit] : fit,
    positions: positions === 'auto' && traits.slicesPositions && isSmaller ? 'slice' : 'interpolate',
  };
}

function partsRefusedError({ title, slicesPositions }: ModelTraits): PreannotateError {
  const reason = slicesPositions ? 'an ONNX export takes whole inputs only' : `${title} always gets the whole input`;
  return new PreannotateError({
    code: 'CONFIG_INVALID',
    message:
      'The fit is unpadded, which only OWLv2 checkpoints (model.safetensors or pytorch_model.bin) take: ' +
      `${reason}.`,
    hint: 'Leave out --fit, or use a model such as google/owlv2-base-patch16-ensemble.',
  });
}

/** How the images of a job come to the model that is used. */
export function formOf(
  { form, worker }: { readonly form: RequestedForm; readonly worker: { readonly imageSize?: ImageSize } },
  { checkpoint }: Pick<Model, 'checkpoint'>,
): InputForm {
  return resolveForm(traitsOf(checkpoint), form, worker.imageSize);
}

/** What a requested image size comes to, in words: what was requested, what is used, what that costs and risks. */
export function describeInputSize(
  traits: ModelTraits,
  requested: ImageSize,
  { fit, isTiled }: { fit: Fit; isTiled: boolean },
): string {
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
  const advice = isTiled ? 'leave out --image-size, as tiles are enough' : '--tiles finds small objects more reliably';
  const untrained =
    used.height > own.height || used.width > own.width
      ? ` The model was not trained with more than ${sizeText(own)}: ${advice}.`
      : '';
  return (
    `Images are ${sizeText(used)} (height x width) to the model${rounded}: ` +
    `${share.toFixed(1)} times the work of its own ${sizeText(own)}.${padded}${untrained}`
  );
}

function sizeText({ height, width }: ImageSize): string {
  return `${height} x ${width}`;
}
