import { batch, effect, untracked } from '@preact/signals';
import type { GalleryFailure } from '../../../core/gallery/pack.js';
import { NO_FILTER, type Filter, type ImageState } from '../data/filter.js';
import type { SortKey } from '../data/order.js';
import { say } from './announce.js';
import { showThresholds, updateOrder } from './selection.js';
import { current, filter, pack, selectedBox, sort, thresholds } from './state.js';

/**
 * The part of the address after `#` holds what is shown, so that a reload, a bookmark and the way back show it again:
 * image, order, filter, and the thresholds that were moved.
 */

/** Opens an image. The way back leads to the grid. */
export function openImage(image: number): void {
  // The new entry has the address of the grid until `current` changes it.
  if (current.value === undefined) history.pushState({ fromGrid: true }, '', location.href);
  selectedBox.value = undefined;
  current.value = image;
}

export function closeImage(): void {
  if (current.value === undefined) return;
  if ((history.state as { fromGrid?: boolean } | null)?.fromGrid === true) {
    history.back();
    return;
  }
  selectedBox.value = undefined;
  current.value = undefined;
  updateOrder();
}

/** Shows what the address says, and keeps the address up to date. */
export function followAddress(): void {
  readAddress();
  addEventListener('popstate', readAddress);
  effect(() => {
    const address = toAddress();
    untracked(() => {
      if (address !== location.hash) history.replaceState(history.state, '', address === '' ? '#' : address);
    });
  });
}

function toAddress(): string {
  const facts = pack.value?.facts;
  if (facts === undefined) return '';
  const { text, classes, prompt, minScore, maxScore, state } = filter.value;
  const moved = thresholds.value.flatMap((value, i) =>
    value === facts.classes[i]!.threshold ? [] : `${i}:${Number(value.toFixed(5))}`,
  );
  const parts: readonly (readonly [string, string | undefined])[] = [
    ['image', current.value === undefined ? undefined : String(facts.images.ids[current.value])],
    ['sort', sort.value.by === 'name' ? undefined : sort.value.by],
    ['reverse', sort.value.isReversed ? '1' : undefined],
    ['text', text || undefined],
    ['classes', classes.join(',') || undefined],
    ['prompt', prompt === undefined ? undefined : String(prompt)],
    ['min', minScore > 0 ? String(minScore) : undefined],
    ['max', maxScore < 1 ? String(maxScore) : undefined],
    ['state', state],
    ['thresholds', moved.join(',') || undefined],
  ];
  const given = parts.filter((part): part is [string, string] => part[1] !== undefined);
  return given.length === 0 ? '' : `#${new URLSearchParams(given.map(([name, value]) => [name, value])).toString()}`;
}

/** All at once: the address is not written in between. */
function readAddress(): void {
  batch(showAddress);
}

function showAddress(): void {
  const facts = pack.value?.facts;
  if (facts === undefined) return;
  const given = new URLSearchParams(location.hash.slice(1));
  const wanted = given.get('image');
  const index = wanted === null ? -1 : facts.images.ids.indexOf(Number(wanted));
  filter.value = toFilter(given, facts);
  sort.value = {
    by: SORT_KEYS.find((key) => key === given.get('sort')) ?? 'name',
    isReversed: given.get('reverse') === '1',
  };
  const moved = new Map((given.get('thresholds') ?? '').split(',').map((part) => toPair(part)));
  const values = facts.classes.map(({ threshold }, i) => moved.get(i) ?? threshold);
  if (values.some((value, i) => value !== thresholds.value[i])) showThresholds(values);
  if (wanted !== null && index === -1) explainMissing(wanted, facts.failures);
  if (index === -1) updateOrder();
  selectedBox.value = undefined;
  current.value = index === -1 ? undefined : index;
}

/** An image that is not shown failed, or is not in the run: the address may be of an earlier run. */
function explainMissing(id: string, failures: readonly GalleryFailure[]): void {
  const failure = failures.find((one) => String(one.id) === id);
  if (failure === undefined) {
    say(`The image of this address (number ${id}) is not in the run.`);
    return;
  }
  filter.value = { ...NO_FILTER, state: 'failed', text: failure.name };
  say(`${failure.name} could not be annotated.`);
}

const SORT_KEYS: readonly SortKey[] = ['name', 'uncertainty', 'score', 'class', 'unreviewed', 'similar'];
const STATES: readonly ImageState[] = ['untouched', 'open', 'accepted', 'suggested', 'empty', 'degraded', 'failed'];

function toFilter(
  given: URLSearchParams,
  facts: { readonly classes: readonly unknown[]; readonly prompts: readonly unknown[] },
): Filter {
  const prompt = given.has('prompt') ? Number(given.get('prompt')) : undefined;
  return {
    text: given.get('text') ?? '',
    classes: [...new Set((given.get('classes') ?? '').split(',').filter(Boolean).map(Number))].filter(
      (one) => one in facts.classes,
    ),
    prompt: prompt !== undefined && prompt in facts.prompts ? prompt : undefined,
    minScore: toShare(given.get('min'), NO_FILTER.minScore),
    maxScore: toShare(given.get('max'), NO_FILTER.maxScore),
    state: STATES.find((state) => state === given.get('state')),
  };
}

function toPair(part: string): readonly [number, number] {
  const [index, value] = part.split(':');
  return [index === '' ? -1 : Number(index), toShare(value ?? null, 0)];
}

/** A number from 0 to 1. */
function toShare(text: string | null, otherwise: number): number {
  const value = Number(text ?? NaN);
  return value >= 0 && value <= 1 ? value : otherwise;
}
