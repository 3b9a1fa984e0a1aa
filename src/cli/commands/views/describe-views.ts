import { describeParts } from '../../../core/data-set/split.js';
import { counted } from '../../../core/text.js';
import { describeExtent, type Extent } from '../../../run/extent.js';
import type { ViewCounts } from '../../../run/images/counted-images.js';

/** `18 boxes in 5 of 48 images (--limit 5): coco, yolo and previews`; first that the run was stopped, if it was. */
export function describeViews(extent: Extent, counts: ViewCounts, views: readonly string[]): string {
  const [others, last] = [views.slice(0, -1), views.at(-1)];
  const named = others.length === 0 ? last : `${others.join(', ')} and ${last}`;
  const found = counted(counts.detections, 'box', 'boxes');
  const { images_by_part: parts, reviewed = 0 } = counts;
  const { left_out_without_detections: leftOut = 0, left_out_unreviewed: unreviewed = 0 } = counts;
  const unseen = [
    ...(leftOut > 0 ? [`, ${counted(leftOut, 'image')} without boxes left out (--negatives)`] : []),
    ...(unreviewed > 0 ? [`, ${unreviewed} not reviewed left out (--only-reviewed)`] : []),
  ].join('');
  const accepted = reviewed > 0 ? `, ${reviewed} reviewed` : '';
  const divided = parts === undefined ? '' : `, ${describeParts(parts)}`;
  if (extent.status === 'interrupted') return `${describeExtent(extent)}. ${found} in ${named}${unseen},`;
  return `${found} in ${describeExtent(extent)}${accepted}${unseen}${divided}: ${named}`;
}
