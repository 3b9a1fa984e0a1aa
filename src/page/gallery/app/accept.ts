import { acceptShown } from '../boxes/decide.js';
import type { ModelBox } from '../../../core/review/model-box.js';
import { listBoxes, type ShownBox } from '../boxes/shown-box.js';
import { say } from './announce.js';
import { save } from './decisions.js';
import { decisionOf, follow, pack, selectionVersion, table } from './state.js';
import { whyUnseen } from './thumbnails.js';

/** All boxes of an image as they can be decided on, rejected ones too. */
export function boxesOfImage(image: number): ShownBox[] {
  follow(selectionVersion);
  const { classes, prompts } = pack.value!.facts;
  const found = (table.value?.boxesOf(image) ?? []).map(({ patchId, classId, queryId, score, box }): ModelBox => ({
    patchId,
    class: classes[classId]!.name,
    prompt: prompts[queryId]!.text,
    score,
    box,
  }));
  return listBoxes(found, decisionOf(image) ?? { state: 'open', boxes: [] });
}

/** Accepts an image with the boxes it shows. */
export function accept(image: number): void {
  save(image, acceptShown(boxesOfImage(image)));
}

/** Accepts an image of the grid, or opens it again. */
export function toggleAccepted(image: number): void {
  const reason = whyUnseen(image);
  if (decisionOf(image)?.state === 'accepted') save(image, [{ op: 'state', state: 'open' }]);
  else if (reason === undefined) accept(image);
  else say(reason);
}
