import { computed } from '@preact/signals';
import { progressOf, type ReviewedImage } from '../../../core/review/progress.js';
import { decisions, decisionsVersion, follow, selectionVersion, shownBoxes, table } from './state.js';

/** How much is reviewed at the thresholds of the page, and how much work is left. */
export const progress = computed(() => {
  follow(decisionsVersion, selectionVersion);
  return progressOf(reviewedImages());
});

function* reviewedImages(): Iterable<ReviewedImage> {
  const all = table.value;
  if (all === undefined) return;
  for (let image = 0; image < all.imageCount; image++) {
    const decision = decisions.get(image);
    if (decision === undefined) yield { drafts: all.shownOf(image) };
    else yield { drafts: shownBoxes(image).drafts.length, decision };
  }
}
