import { batch, computed, signal } from '@preact/signals';
import { invertChanges, type Change, type Decision } from '../../../core/review/decision.js';
import { idOfModelBox } from '../../../core/review/reviewed-boxes.js';
import type { TableBox } from '../data/box-table.js';
import { History } from '../saving/history.js';
import { SaveQueue } from '../saving/save-queue.js';
import {
  backend,
  decisionOf,
  decisions,
  decisionsVersion,
  follow,
  imageIndexByName,
  pack,
  shownBoxes,
} from './state.js';

const queue = new SaveQueue({
  save: async (image, changes) => {
    const review = backend.value?.review;
    if (review === undefined) throw new Error('Nothing can be saved here.');
    return await review.save(pack.value!.facts.images.ids[image]!, changes);
  },
  onChange: showDecided,
  onConnected: (is) => {
    isConnected.value = is;
  },
  onRefused: (message) => {
    refusal.value = message;
  },
});
const history = new History();
const historyVersion = signal(0);
const unsaved = signal(0);

export const unsavedCount = computed(() => unsaved.value);
export const canUndo = computed(() => {
  follow(historyVersion);
  return history.canUndo;
});
export const canRedo = computed(() => {
  follow(historyVersion);
  return history.canRedo;
});

/** Whether the server answers; while it does not, changes wait. */
export const isConnected = signal(true);

/** Why the last change was refused; it is not shown any more then. */
export const refusal = signal<string | undefined>(undefined);

/** What another tab or person did to a box that was changed here, and that was replaced. */
export const replaced = signal<string | undefined>(undefined);

export const canReview = computed(() => {
  const review = backend.value?.review;
  return review !== undefined && review.readOnly === undefined;
});

/** Shows changes at once, and saves them. Steps are sent one after the other, and again until the server answers. */
export function save(image: number, changes: readonly Change[]): void {
  if (!canReview.value || changes.length === 0) return;
  const inverse = invertChanges(decisions.get(image) ?? { state: 'open', boxes: [] }, changes);
  history.record({ image, changes, inverse }, performance.now());
  historyVersion.value++;
  queue.push(image, changes);
}

/** Takes back the last step of this tab. @returns The image it was on */
export function undo(): number | undefined {
  const step = history.undo();
  return step === undefined ? undefined : replay(step.image, step.inverse);
}

/** Does again what was last taken back. @returns The image it was on */
export function redo(): number | undefined {
  const step = history.redo();
  return step === undefined ? undefined : replay(step.image, step.changes);
}

function replay(image: number, changes: readonly Change[]): number {
  historyVersion.value++;
  queue.push(image, changes);
  return image;
}

/** Accepts an image with the boxes it shows, or opens it again. */
export function toggleAccepted(image: number): void {
  if (decisionOf(image)?.state === 'accepted') {
    save(image, [{ op: 'state', state: 'open' }]);
    return;
  }
  const kept = shownBoxes(image).drafts.map((draft): Change => ({ op: 'set', box: keptBox(draft) }));
  save(image, [...kept, { op: 'state', state: 'accepted' }]);
}

/** A box of the model as one that a person has kept. */
export function keptBox(found: TableBox) {
  const { classes, prompts } = pack.value!.facts;
  return {
    id: idOfModelBox(found),
    status: 'kept' as const,
    class: classes[found.classId]!.name,
    box: found.box,
    from: found.box,
    prompt: prompts[found.queryId]!.text,
    score: found.score,
  };
}

/** Starts with the decisions of the server, as they are now. Keeps what is not saved yet. */
export function showSaved(all: readonly Decision[]): void {
  queue.reset();
  decisions.clear();
  batch(() => {
    for (const decision of all) showDecision(decision);
    for (const image of queue.unsavedImages) showDecided(image);
    decisionsVersion.value++;
  });
  queue.retry();
}

/** Shows a decision of this tab or of another one. */
export function showDecision(decision: Decision): void {
  const image = imageIndexByName.value.get(decision.image);
  if (image === undefined) return;
  const [box] = queue.receive(image, decision);
  if (box === undefined) return;
  const what = box.status === 'rejected' ? 'rejected it' : `made it ${box.class} at ${box.box.join(', ')}`;
  const who = `${decision.author} changed a box of ${decision.image} that you changed too`;
  replaced.value = `${who} (${what}). Yours is kept.`;
}

/** What the server has of an image, with what is not saved yet on top. */
function showDecided(image: number): void {
  const decision = queue.decisionOn(image, () => unsavedDecision(image));
  if (decision === undefined) decisions.delete(image);
  else decisions.set(image, decision);
  unsaved.value = queue.count;
  decisionsVersion.value++;
}

function unsavedDecision(image: number): Decision {
  const name = pack.value!.facts.images.names[image]!;
  const author = backend.value?.review?.author ?? '';
  return { image: name, sha256: '', revision: 0, state: 'open', boxes: [], author, at: new Date().toISOString() };
}
