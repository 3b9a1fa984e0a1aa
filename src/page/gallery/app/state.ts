import { batch, computed, signal, type ReadonlySignal } from '@preact/signals';
import type { GalleryPack } from '../../../core/gallery/pack.js';
import type { Decision } from '../../../core/review/decision.js';
import { joinReview, type ReviewedBoxes } from '../../../core/review/reviewed-boxes.js';
import type { Backend } from '../backend.js';
import { BoxTable, type TableBox } from '../data/box-table.js';
import { NO_FILTER, type Filter } from '../data/filter.js';
import type { Sort } from '../data/order.js';
import { Renumbering } from '../data/renumbering.js';

/** What the page shows. Everything here is read by components, which are drawn again when it changes. */

export const backend = signal<Backend | undefined>(undefined);
export const pack = signal<GalleryPack | undefined>(undefined);

/** One per class. Set them with `setThreshold`, which has the boxes selected again. */
export const thresholds = signal<readonly number[]>([]);
export const filter = signal<Filter>(NO_FILTER);
export const sort = signal<Sort>({ by: 'name', isReversed: false });

/** Indices of the images that the filter leaves, in order. */
export const order = signal<Uint32Array>(new Uint32Array());

/** Index of the image that is open; undefined: the grid is shown. Set it with `openImage` and `closeImage`. */
export const current = signal<number | undefined>(undefined);

/** The image whose cell in the grid has the focus, or had it last. */
export const focusedImage = signal<number | undefined>(undefined);

/** Has the grid move the focus to an image. */
export const goInGrid = signal<{ readonly image: number } | undefined>(undefined);

/** Id of the box that is selected in the open image: of a decided box, or `p<patch>` of one of the model. */
export const selectedBox = signal<string | undefined>(undefined);

/** What the model answered to a question, shown over the grid and the open image. Images are those of the pack. */
export const answer = signal<GalleryPack | undefined>(undefined);

/** One per class of the answer, which has one for each prompt. Set both at once, in a `batch`. */
export const answerThresholds = signal<readonly number[]>([]);

export const answerTable = computed(() => {
  const found = answer.value;
  if (found === undefined) return undefined;
  const selected = new BoxTable(found, answerThresholds.value);
  selected.advance(() => false);
  return selected;
});

export const table = computed(() => {
  const loaded = pack.value;
  return loaded === undefined ? undefined : new BoxTable(loaded, thresholds.peek());
});

/** Counts the changes of what is selected, by which components see that there was one. */
export const selectionVersion = signal(0);

/** By index of the image. Changed in place: read it through `decisionOf`, or read `decisionsVersion` too. */
export const decisions = new Map<number, Decision>();
export const decisionsVersion = signal(0);

/** Images whose files hold other pictures than the run has seen, as far as known: what was decided does not count. */
export const replaced = signal<ReadonlySet<number>>(new Set());

export const imageIndexByName = computed(
  () => new Map((pack.value?.facts.images.names ?? []).map((name, index) => [name, index])),
);

export const classIndexByName = computed(
  () => new Map((pack.value?.facts.classes ?? []).map(({ name }, index) => [name, index])),
);

/** Has what is being computed or drawn follow signals whose values it does not need. */
export function follow(...signals: readonly ReadonlySignal<unknown>[]): void {
  signals.forEach(({ value }) => value);
}

export function decisionOf(image: number): Decision | undefined {
  follow(decisionsVersion);
  return decisions.get(image);
}

/** What an image shows at the current thresholds. */
export function shownBoxes(image: number): ReviewedBoxes<TableBox> {
  follow(selectionVersion);
  const selected = table.value?.boxesOf(image) ?? [];
  const decision = decisionOf(image);
  return decision === undefined ? { decided: [], drafts: selected, suggestions: [] } : joinReview(selected, decision);
}

/** What the answer has found in an image; undefined while no question was asked. */
export function answerBoxes(image: number): TableBox[] | undefined {
  return answerTable.value?.boxesOf(image);
}

/**
 * Shows a run, or what became of it; decisions are numbered by who calls it. Thresholds stay as they were set, unless
 * classes or the run's own are others.
 */
export function showPack(loaded: GalleryPack): void {
  batch(() => {
    const before = pack.value?.facts.classes ?? [];
    const { classes } = loaded.facts;
    const isSame = before.length === classes.length && before.every(({ name }, i) => name === classes[i]!.name);
    thresholds.value = classes.map(({ threshold }, i) => {
      return isSame && before[i]!.threshold === threshold ? thresholds.value[i]! : threshold;
    });
    const earlier = pack.value?.facts;
    pack.value = loaded;
    if (earlier !== undefined) renumber(new Renumbering(earlier, loaded.facts));
    selectionVersion.value++;
  });
}

/** What is shown stays, under the numbers of the new pack; what is gone, and an answer about the old one, does not. */
function renumber(to: Renumbering): void {
  const imageOf = (image: number | undefined) => (image === undefined ? undefined : to.imageOf(image));
  if (imageOf(current.value) === undefined) selectedBox.value = undefined;
  current.value = imageOf(current.value);
  focusedImage.value = imageOf(focusedImage.value);
  goInGrid.value = undefined;
  order.value = Uint32Array.from([...order.value].flatMap((image) => to.imageOf(image) ?? []));
  const { classes, prompt } = filter.value;
  filter.value = {
    ...filter.value,
    classes: classes.flatMap((one) => to.classOf(one) ?? []),
    prompt: prompt === undefined ? undefined : to.promptOf(prompt),
  };
  answer.value = undefined;
  answerThresholds.value = [];
}
