import { mapBox, xyxyToXywh, type Xywh, type Xyxy } from '../core/box.js';
import { BOX_DECIMALS } from '../core/detection.js';

/** Sizes are computed from the rounded corners, in hundredths of a pixel, so that the box still ends in the image. */
export function bboxOf(box: Xyxy): Xywh {
  const scale = 10 ** BOX_DECIMALS;
  const corners = mapBox(box, (value) => Math.round(value * scale));
  return mapBox(xyxyToXywh(corners), (value) => value / scale);
}
