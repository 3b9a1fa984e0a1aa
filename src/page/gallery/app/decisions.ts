import { computed, signal } from '@preact/signals';
import { applyChanges, invertChanges, type Change, type Decision } from '../../../core/review/decision.js';
import { idOfModelBox } from '../../../core/review/reviewed-boxes.js';
import { ServerUnreachable } from '../backend.js';
import type { TableBox } from '../data/box-table.js';
import { backend, decisionOf, decisions, decisionsVersion, imageIndexByName, pack, shownBoxes } from './state.js';

/** Changes of one image that are shown, but not known to be on disk. */
interface Unsaved {
  readonly image: number;
  readonly changes: readonly Change[];
}

/** What a person did, to take it back and to do it again. */
interface Step extends Unsaved {
  readonly inverse: readonly Change[];
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

const unsaved = signal<readonly Unsaved[]>([]);
const undoable = signal<readonly Step[]>([]);
const redoable = signal<readonly Step[]>([]);

/** As the server has them; `decisions` has what is not saved yet on top. */
const saved = new Map<number, Decision>();

export const unsavedCount = computed(() => unsaved.value.length);
export const canUndo = computed(() => undoable.value.length > 0);
export const canRedo = computed(() => redoable.value.length > 0);

/** Whether the server answers; while it does not, changes wait. */
export const isConnected = signal(true);

/** Why the last change was refused; it is not shown any more then. */
export const refusal = signal<string | undefined>(undefined);

export const canReview = computed(() => {
  const review = backend.value?.review;
  return review !== undefined && review.readOnly === undefined;
});

/** Shows changes at once, and saves them. Steps are sent one after the other, and again until the server answers. */
export function save(image: number, changes: readonly Change[]): void {
  if (!canReview.value || changes.length === 0) return;
  const inverse = invertChanges(partsOf(decisions.get(image)), changes);
  undoable.value = [...undoable.value, { image, changes, inverse }];
  redoable.value = [];
  enqueue({ image, changes });
}

/** Takes back the last step of this tab. @returns The image it was on */
export function undo(): number | undefined {
  const step = undoable.value.at(-1);
  if (step === undefined) return undefined;
  undoable.value = undoable.value.slice(0, -1);
  redoable.value = [...redoable.value, step];
  enqueue({ image: step.image, changes: step.inverse });
  return step.image;
}

/** Does again what was last taken back. @returns The image it was on */
export function redo(): number | undefined {
  const step = redoable.value.at(-1);
  if (step === undefined) return undefined;
  redoable.value = redoable.value.slice(0, -1);
  undoable.value = [...undoable.value, step];
  enqueue({ image: step.image, changes: step.changes });
  return step.image;
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
  saved.clear();
  decisions.clear();
  for (const decision of all) {
    const image = imageIndexByName.value.get(decision.image);
    if (image === undefined) continue;
    saved.set(image, decision);
    decisions.set(image, decision);
  }
  for (const { image } of unsaved.value) showUnsaved(image);
  decisionsVersion.value++;
}

/** Shows a decision of this tab or of another one. */
export function showDecision(decision: Decision): void {
  const image = imageIndexByName.value.get(decision.image);
  if (image === undefined || (saved.get(image)?.revision ?? 0) >= decision.revision) return;
  saved.set(image, decision);
  showUnsaved(image);
  decisionsVersion.value++;
}

function enqueue(step: Unsaved): void {
  const isIdle = unsaved.value.length === 0;
  unsaved.value = [...unsaved.value, step];
  showUnsaved(step.image);
  decisionsVersion.value++;
  if (isIdle) void sendAll();
}

async function sendAll(): Promise<void> {
  let retryMs = FIRST_RETRY_MS;
  for (let step = unsaved.value[0]; step !== undefined; step = unsaved.value[0]) {
    const review = backend.value?.review;
    if (review === undefined) return;
    try {
      const decision = await review.save(pack.value!.facts.images.ids[step.image]!, step.changes);
      isConnected.value = true;
      retryMs = FIRST_RETRY_MS;
      leaveQueue();
      showDecision(decision);
    } catch (error) {
      if (!(error instanceof ServerUnreachable)) {
        refusal.value = error instanceof Error ? error.message : String(error);
        leaveQueue();
        showUnsaved(step.image);
        decisionsVersion.value++;
        continue;
      }
      isConnected.value = false;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
    }
  }
}

function leaveQueue(): void {
  unsaved.value = unsaved.value.slice(1);
}

/** What the server has of an image, with what is not saved yet on top. */
function showUnsaved(image: number): void {
  let decision = saved.get(image);
  for (const step of unsaved.value) {
    if (step.image !== image) continue;
    decision = { ...(decision ?? unsavedDecision(image)), ...applyChanges(partsOf(decision), step.changes) };
  }
  if (decision === undefined) decisions.delete(image);
  else decisions.set(image, decision);
}

function partsOf(decision: Decision | undefined): Pick<Decision, 'state' | 'boxes'> {
  return decision ?? { state: 'open', boxes: [] };
}

function unsavedDecision(image: number): Decision {
  const name = pack.value!.facts.images.names[image]!;
  const author = backend.value?.review?.author ?? '';
  return { image: name, sha256: '', revision: 0, state: 'open', boxes: [], author, at: new Date().toISOString() };
}
