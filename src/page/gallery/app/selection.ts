import { effect, untracked } from '@preact/signals';
import type { BoxTable } from '../data/box-table.js';
import { filterImages, NO_FILTER, type Reviewed } from '../data/filter.js';
import { orderByBestBox, orderImages } from '../data/order.js';
import {
  answerTable,
  decisions,
  filter,
  follow,
  order,
  pack,
  selectionVersion,
  shownBoxes,
  sort,
  table,
  thresholds,
} from './state.js';

/** The page answers to keys and pointers at least this often while boxes are selected. */
const SLICE_MS = 12;

let isRunning = false;

/** Moves the threshold of a class. What is visible follows at once; counts and the order, when all images are done. */
export function setThreshold(classIndex: number, value: number): void {
  const floor = pack.value?.facts.scoreFloor ?? 0;
  const next = Math.min(1, Math.max(floor, value));
  showThresholds(thresholds.value.map((one, i) => (i === classIndex ? next : one)));
}

export function resetThresholds(): void {
  showThresholds((pack.value?.facts.classes ?? []).map(({ threshold }) => threshold));
}

export function showThresholds(values: readonly number[]): void {
  thresholds.value = values;
  table.value?.setThresholds(values);
  selectionVersion.value++;
  void selectAll();
}

/** Selects the boxes of all images, in slices between which the page can answer. */
export async function selectAll(): Promise<void> {
  if (isRunning) return;
  isRunning = true;
  try {
    for (;;) {
      const end = performance.now() + SLICE_MS;
      if (table.value?.advance(() => performance.now() > end) !== false) break;
      await nextTask();
    }
  } finally {
    isRunning = false;
  }
  updateOrder();
  selectionVersion.value++;
}

/**
 * Puts the images into order. Decisions alone do not change it: an image that was just accepted stays where it is until
 * the filter or the order is changed, or the grid is opened again. What answers a question is sorted by its best box.
 */
export function updateOrder(): void {
  const all = table.value;
  if (all === undefined) return;
  const view = { filter: filter.value, sort: sort.value };
  const found = answerTable.value;
  order.value = found === undefined ? orderImages(all, view, reviewed) : orderAnswer(all, found, reviewed);
}

/** Keeps the order up to date with the filter and the way to sort. */
export function followView(): void {
  effect(() => {
    follow(filter, sort, table, answerTable);
    untracked(() => void selectAll());
  });
}

function orderAnswer(all: BoxTable, found: BoxTable, to: Reviewed): Uint32Array {
  const { text, state } = filter.value;
  return orderByBestBox(found, filterImages(all, { ...NO_FILTER, text, state }, to));
}

const reviewed: Reviewed = {
  decisions,
  hasSuggestions: (image) => decisions.get(image)?.state === 'accepted' && shownBoxes(image).suggestions.length > 0,
};

/** A message is delivered at once, where timers wait 4 ms. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
