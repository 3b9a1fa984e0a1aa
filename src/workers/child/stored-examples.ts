import { clip, iou, round, roundBox, toFractions, toPixels, translate, type Xyxy } from '../../core/box.js';
import { BOX_DECIMALS } from '../../core/detection.js';
import { PreannotateError } from '../../core/errors.js';
import { ruleFor, type ExampleRule } from '../../core/inference/example-rule.js';
import { printable } from '../../core/text.js';
import { planCrops, type Crop, type TileOptions } from '../../core/tiling/tiles.js';
import { fittedFrame } from '../../images/resize/resizer.js';
import type { Detector } from '../../model/detector.js';
import { IOU_DECIMALS, type EncodedExample } from '../../model/example-encoder.js';
import type { EncodedInput } from '../../model/features/feature-model.js';
import { toFloat32 } from '../../model/quantise/read-tensor.js';
import { chooseQueryPatch, type QueryPatch } from '../../model/query-patch.js';
import type { Encoded, ExampleRequest } from '../protocol.js';
import { sizeOf } from './detect-batch.js';
import { gatherEncoded, noObjectError } from './encode-examples.js';
import type { KeptFeatures, KeptImage } from './kept-features.js';
import { notStoredError } from './stored-preparer.js';

/** What queries of stored images come from. */
export interface StoredExampleParts {
  readonly detector: Detector;
  readonly kept: KeptFeatures;
  readonly tiles: TileOptions | undefined;
  readonly exampleRule: ExampleRule;
}

/** The patch that stands for an object, in the crop that shows the object best. */
interface Candidate extends QueryPatch {
  readonly input: EncodedInput;
  readonly crop: Crop;
}

/**
 * Turns objects in images whose features are stored into queries: the class embedding of the patch that stands for the
 * object, as for examples that are encoded. Where images are cut, every crop is looked at.
 *
 * @returns A failure for each that cannot be used.
 */
export async function findStoredExamples(
  requests: readonly ExampleRequest[],
  parts: StoredExampleParts,
): Promise<Encoded> {
  const results: (EncodedExample | PreannotateError)[] = [];
  for (const request of requests) {
    const { kept, tiles } = parts;
    using image = await kept.find(request.sha256, ({ size }) => planCrops(size, tiles).length);
    results.push(image === undefined ? missingError(request) : findQuery(request, image, parts));
  }
  return gatherEncoded(results);
}

function findQuery(
  request: ExampleRequest,
  { size, kept }: KeptImage,
  { detector, tiles, exampleRule }: StoredExampleParts,
): EncodedExample | PreannotateError {
  const object = clip(request.box ?? ([0, 0, size.width, size.height] as const), size);
  const crops = planCrops(size, tiles);
  const rule = ruleFor(detector.traits, exampleRule);
  const candidates = kept.flatMap((input, i): Candidate[] => {
    const crop = crops[i]!;
    const frame = fittedFrame(detector.fit, sizeOf(crop));
    const inCrop = clip(translate(object, { x: -crop.x.from, y: -crop.y.from }), sizeOf(crop));
    const chosen = chooseQueryPatch(readPatches(input, { detector, rule }), toFractions(inCrop, frame));
    if (chosen === undefined) return [];
    // A crop that shows a part of the object may have a box that fits that part.
    return [{ ...chosen, iou: iou(boxInImage(chosen.box, crop, detector), object), input, crop }];
  });
  const [best] = candidates.sort((a, b) => b.iou - a.iou);
  if (best === undefined) return noObjectError(request);
  const { classEmbeds } = readPatches(best.input, { detector, rule });
  const width = detector.traits.embeddingWidth;
  return {
    embedding: classEmbeds.slice(best.patch * width, (best.patch + 1) * width),
    choice: {
      box: roundBox(boxInImage(best.box, best.crop, detector), BOX_DECIMALS),
      iou: round(best.iou, IOU_DECIMALS),
    },
  };
}

function boxInImage(box: Xyxy, crop: Crop, { fit }: Detector): Xyxy {
  return translate(toPixels(box, fittedFrame(fit, sizeOf(crop))), { x: crop.x.from, y: crop.y.from });
}

function readPatches({ tensors }: EncodedInput, { detector, rule }: { detector: Detector; rule: ExampleRule }) {
  const type = detector.features.layout.find(({ name }) => name === 'class_embeds')!.type;
  const objectness = rule === 'auto' ? tensors.get('objectness_logits') : undefined;
  return {
    classEmbeds: toFloat32(tensors.get('class_embeds')!, type),
    boxes: toFloat32(tensors.get('boxes')!, 'float32'),
    objectness: objectness && toFloat32(objectness, 'float32'),
  };
}

function missingError({ name }: ExampleRequest): PreannotateError {
  const { message, ...failure } = notStoredError().toFailure();
  return new PreannotateError({ ...failure, message: `${printable(name)}: ${message}` });
}
