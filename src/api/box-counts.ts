import type { RunManifest } from '../run/manifest.js';
import type { ViewCounts } from '../run/images/counted-images.js';
import type { BoxCounts } from './run-types.js';

/** What views have, as programs are told. */
export function toBoxCounts(counts: RunManifest['counts'] | ViewCounts): BoxCounts {
  return {
    boxes: counts.detections ?? 0,
    boxesByClass: counts.detections_by_class ?? {},
    imagesWithoutBoxes: counts.images_without_detections ?? 0,
    degraded: counts.degraded ?? 0,
  };
}
