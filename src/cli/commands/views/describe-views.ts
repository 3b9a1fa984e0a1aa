import { describeParts } from '../../../core/data-set/split.js';
import { counted } from '../../../core/text.js';
import { describeExtent, type Extent } from '../../../run/extent.js';
import type { ViewCounts } from '../../../run/images/counted-images.js';

/** What was written, and with which threshold. */
interface Written {
  readonly extent: Extent;
  readonly counts: ViewCounts;
  readonly views: readonly string[];
  readonly threshold?: number | undefined; // of all classes
}

/** `18 boxes in 5 of 48 images (--limit 5): coco, yolo and previews`; first that the run was stopped, if it was. */
export function describeViews({ extent, counts, views, threshold }: Written): string {
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
  const above = threshold === undefined ? '' : ` with score threshold ${threshold}`;
  if (extent.status === 'interrupted') return `${describeExtent(extent)}. ${found} in ${named}${above}${unseen},`;
  const shown = describeExtent(extent, extent.images - leftOut - unreviewed);
  return `${found} in ${shown}${above}${accepted}${unseen}${divided}: ${named}`;
}
