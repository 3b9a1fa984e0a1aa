import { computed } from '@preact/signals';
import type { Decision } from '../../../core/review/decision.js';
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
    else if (decision.state === 'accepted') yield { drafts: 0, decision };
    else yield { drafts: draftsOf(image, decision), decision };
  }
}

let drafts = new WeakMap<Decision, number>();
let draftsVersion = -1; // of the selection

/** Boxes of the model that are shown and not decided on. They are counted again where one of both has changed. */
function draftsOf(image: number, decision: Decision): number {
  if (draftsVersion !== selectionVersion.value) drafts = new WeakMap();
  draftsVersion = selectionVersion.value;
  const known = drafts.get(decision);
  if (known !== undefined) return known;
  const count = shownBoxes(image).drafts.length;
  drafts.set(decision, count);
  return count;
}
