import type { Xyxy } from '../../../core/box.js';
import type { BoxStatus, DecidedBox, Decision } from '../../../core/review/decision.js';
import type { ModelBox } from '../../../core/review/model-box.js';
import { idForDeciding, joinReview } from '../../../core/review/reviewed-boxes.js';

/** A box as the editor shows it, decided on or not. */
export interface ShownBox {
  readonly id: string;
  readonly status: BoxStatus | 'draft' | 'suggestion';
  readonly class: string;
  readonly box: Xyxy;
  readonly from?: Xyxy; // of a box of the model: where the model had it
  readonly prompt?: string;
  readonly score?: number;
}

type Decided = Pick<Decision, 'state' | 'boxes'>;

/**
 * All boxes of an image. Those of the model come first, best score first, with those that were rejected among them:
 * deciding on a box does not move it in the list.
 *
 * @param selected - Boxes of the model above the thresholds, after suppression.
 */
export function listBoxes(selected: readonly ModelBox[], decided: Decided): ShownBox[] {
  const { drafts, suggestions } = joinReview(selected, decided);
  const toShown = (status: 'draft' | 'suggestion') => (found: ModelBox) => showModelBox(found, status, decided.boxes);
  const shown = [...decided.boxes, ...drafts.map(toShown('draft')), ...suggestions.map(toShown('suggestion'))];
  return shown.sort((a, b) => (b.score ?? -1) - (a.score ?? -1) || compareIds(a, b));
}

function showModelBox(found: ModelBox, status: 'draft' | 'suggestion', decided: readonly DecidedBox[]): ShownBox {
  const { class: name, prompt, score, box } = found;
  return { id: idForDeciding(found, decided), status, class: name, box, from: box, prompt, score };
}

/** Drawn boxes stay in the order in which they were drawn, which sorting keeps. */
function compareIds(a: ShownBox, b: ShownBox): number {
  if (a.score === undefined || b.score === undefined || a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

/** What a status is called, and its sign, which does not depend on colours. */
export const STATUSES: Readonly<Record<ShownBox['status'], { readonly name: string; readonly sign: string }>> = {
  draft: { name: 'draft', sign: '' },
  suggestion: { name: 'suggestion', sign: '?' },
  kept: { name: 'kept', sign: '✓' },
  corrected: { name: 'corrected', sign: '✎' },
  drawn: { name: 'drawn', sign: '+' },
  rejected: { name: 'rejected', sign: '✕' },
};

/** What stands at a box: `✓ pallet 0.83`. */
export function labelOf({ status, class: name, score }: ShownBox): string {
  const { sign } = STATUSES[status];
  return [sign, name, score?.toFixed(2) ?? ''].filter((part) => part !== '').join(' ');
}

/** A box in words: `pallet, score 0.83, draft`. */
export function describeBox({ status, class: name, score }: ShownBox): string {
  return [name, ...(score === undefined ? [] : [`score ${score.toFixed(2)}`]), STATUSES[status].name].join(', ');
}
