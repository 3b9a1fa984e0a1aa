import { counted } from '../../../core/text.js';
import { describeExtent, type Extent } from '../../../run/extent.js';

/** `18 boxes in 5 of 48 images (--limit 5): coco, yolo and previews`; first that the run was stopped, if it was. */
export function describeViews(extent: Extent, boxes: number, views: readonly string[]): string {
  const [others, last] = [views.slice(0, -1), views.at(-1)];
  const named = others.length === 0 ? last : `${others.join(', ')} and ${last}`;
  const found = counted(boxes, 'box', 'boxes');
  if (extent.status === 'interrupted') return `${describeExtent(extent)}. ${found} in ${named},`;
  return `${found} in ${describeExtent(extent)}: ${named}`;
}
