import type { BoxStatus, Change, DecidedBox } from '../../../core/review/decision.js';
import type { ShownBox } from './shown-box.js';

/** What a person decides on shown boxes, as changes of a decision; pure. */

/** Accepts exactly what is shown. Boxes that were decided on are in the decision already. */
export function acceptShown(shown: readonly ShownBox[]): Change[] {
  const drafts = shown.filter(({ status }) => status === 'draft');
  return [...drafts.map((box) => setBox(box, 'kept')), { op: 'state', state: 'accepted' }];
}

/** Decides on a box: it is part of the decision from then on. */
export function setBox({ id, class: name, box, from, prompt, score }: ShownBox, status: BoxStatus): Change {
  const decided: DecidedBox = {
    id,
    status,
    class: name,
    box,
    ...(from === undefined ? {} : { from }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(score === undefined ? {} : { score }),
  };
  return { op: 'set', box: decided };
}
