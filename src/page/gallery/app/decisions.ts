import { batch, computed, signal } from '@preact/signals';
import { invertChanges, type Change, type Decision } from '../../../core/review/decision.js';
import type { GalleryPack } from '../../../core/gallery/pack.js';
import { pageOfStep, type SavedDecision } from '../../../core/review/overwritten.js';
import { isDecided } from '../../../core/review/stored/stored-decision.js';
import { describeOverwriting } from '../saving/describe-overwriting.js';
import { History } from '../saving/history.js';
import type { RequestProblem } from '../saving/request-problem.js';
import { isAsLeft, SaveQueue, type Refused } from '../saving/save-queue.js';
import { backend, decisions, decisionsVersion, follow, imageIndexByName, pack, replaced, showPack } from './state.js';

const page = newPageId();
const queue = new SaveQueue({
  page,
  save: async (image, step) => {
    const review = backend.value?.review;
    if (review === undefined) throw new Error('Nothing can be saved here.');
    const index = imageIndexByName.value.get(image);
    if (index === undefined) throw new Error(`${image} is not in the run any more.`);
    return await review.save(pack.value!.facts.images.ids[index]!, step);
  },
  onSaved: tellOfOverwriting,
  onChange: showDecided,
  onProblem: (problem) => {
    isConnected.value = problem?.kind !== 'unreachable';
    waiting.value = problem?.kind === 'unreachable' ? undefined : problem;
  },
  onRefused: (one) => {
    refused.value = [...refused.value, one];
  },
});
const history = new History();
const historyVersion = signal(0);
const unsaved = signal(0);

/** Steps that are not on disk: those that wait, and those that were refused. */
export const unsavedCount = computed(() => unsaved.value + refused.value.length);
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

/** Why the server, which answers, does not save yet what waits. */
export const waiting = signal<RequestProblem | undefined>(undefined);

/** What the server did not accept, until it is sent again or dismissed. Images do not show it. */
export const refused = signal<readonly Refused[]>([]);

/** What a person should know of changes that were made elsewhere at the same time, until it is dismissed. */
export const notices = signal<readonly string[]>([]);
const MOST_NOTICES = 5;

export function dismissNotices(): void {
  notices.value = [];
}

export const canReview = computed(() => {
  const review = backend.value?.review;
  return review !== undefined && review.readOnly === undefined;
});

/** Shows changes at once, and saves them. Steps are sent one after the other, and again until the server answers. */
export function save(image: number, changes: readonly Change[]): void {
  if (!canReview.value || changes.length === 0) return;
  const inverse = invertChanges(decisions.get(image) ?? { state: 'open', boxes: [] }, changes);
  const name = nameOf(image);
  history.record({ image: name, changes, inverse }, performance.now());
  historyVersion.value++;
  queue.push(name, changes, digestOf(name));
}

/** A step of the history. */
export interface Replayed {
  readonly image: number; // index
  readonly isDone: boolean; // false: what it was about was changed elsewhere since, and stays
}

/** Takes back the last step of this tab. */
export function undo(): Replayed | undefined {
  const step = history.undo();
  return step && replay(step.image, { changes: step.inverse, left: step.changes });
}

/** Does again what was last taken back. */
export function redo(): Replayed | undefined {
  const step = history.redo();
  return step && replay(step.image, { changes: step.changes, left: step.inverse });
}

/** @param left - How this tab left what it changes again: what others did to it since is not taken back with it. */
function replay(
  name: string,
  { changes, left }: { readonly changes: readonly Change[]; readonly left: readonly Change[] },
): Replayed | undefined {
  historyVersion.value++;
  const image = imageIndexByName.value.get(name);
  if (image === undefined) return undefined; // a later run has left it out
  const now = lastDecision(name);
  const isDone = isAsLeft(now ?? { state: 'open', boxes: [] }, left);
  if (isDone) queue.push(name, changes, digestOf(name));
  else notify(`${now?.author ?? 'Someone'} changed this in ${name} since, in another tab: it stays as it is.`);
  return { image, isDone };
}

/** Sends what waits now. */
export function saveAgain(): void {
  queue.retry();
}

export function sendRefusedAgain(): void {
  const steps = refused.value;
  refused.value = [];
  for (const { image, changes, seen } of steps) queue.push(image, changes, seen);
}

export function dismissRefused(): void {
  refused.value = [];
}

/** Shows a run, or what became of it, with what people have decided. What is not saved yet stays with its image. */
export function showRun(loaded: GalleryPack, saved: readonly Decision[]): void {
  batch(() => {
    const before = pack.value && new Map(pack.value.facts.images.names.map((name) => [name, digestOf(name)]));
    showPack(loaded);
    replaced.value = new Set();
    decisions.clear();
    for (const image of queue.images) showDecided(image);
    // What was done on other bytes of an image cannot be taken back on those that it has now.
    history.keepImages((name) => imageIndexByName.value.has(name) && before?.get(name) === digestOf(name));
    historyVersion.value++;
    showSaved(saved);
  });
}

/** Shows all decisions of the server. What it told of since, and what is not saved, stays. */
export function showSaved(all: readonly Decision[]): void {
  batch(() => {
    queue.forgetMissing(all);
    for (const decision of all) queue.receive(decision.image, decision);
    decisionsVersion.value++;
  });
  queue.retry();
}

/** Shows a decision of this page or of another one. */
export function showDecision(decision: SavedDecision): void {
  queue.receive(decision.image, decision);
  if (pageOfStep(decision.step) !== page) tellOfOverwriting(decision); // of its own, the answer tells
}

function tellOfOverwriting(decision: SavedDecision): void {
  const text = describeOverwriting(decision, { page, author: backend.value?.review?.author ?? '' });
  if (text !== undefined) notify(text);
}

function notify(text: string): void {
  notices.value = [...notices.value.filter((one) => one !== text), text].slice(-MOST_NOTICES);
}

/** Shows that the files of images hold other pictures now, of which nothing is decided. @param images - Indices */
export function showReplaced(images: readonly number[]): void {
  batch(() => {
    replaced.value = new Set([...replaced.value, ...images]);
    for (const image of images) showDecided(nameOf(image));
  });
}

/** What the server has of an image, with what is not saved yet on top. Where all was undone, it is as before. */
function showDecided(name: string): void {
  const image = imageIndexByName.value.get(name);
  const decision = lastDecision(name);
  const isShown = decision !== undefined && isDecided(decision) && !replaced.value.has(image ?? -1);
  if (image !== undefined && isShown) decisions.set(image, decision);
  else if (image !== undefined) decisions.delete(image);
  unsaved.value = queue.count;
  decisionsVersion.value++;
}

function lastDecision(name: string): Decision | undefined {
  return queue.decisionOn(name, () => unsavedDecision(name));
}

/** What tells the bytes of an image that are shown from other ones. */
function digestOf(name: string): string | undefined {
  const index = imageIndexByName.value.get(name);
  return index === undefined ? undefined : pack.value!.facts.images.digests?.[index];
}

function nameOf(image: number): string {
  return pack.value!.facts.images.names[image]!;
}

function unsavedDecision(image: string): Decision {
  const author = backend.value?.review?.author ?? '';
  return { image, sha256: '', revision: 0, state: 'open', boxes: [], author, at: new Date().toISOString() };
}

/** Not by crypto.randomUUID, which pages over plain HTTP from another machine do not have. */
function newPageId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
