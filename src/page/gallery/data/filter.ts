import type { Decision } from '../../../core/review/decision.js';
import { SCORE_STEPS } from '../../../core/gallery/pack.js';
import { someBox, type BoxFacts } from '../../../core/review/stored/stored-decision.js';
import type { BoxTable } from './box-table.js';

/** What people have made of an image, or the run. */
export type ImageState =
  | 'untouched' // no decision
  | 'open' // decided on in part
  | 'accepted'
  | 'suggested' // accepted, and a later run found something where nothing was decided
  | 'empty' // nothing shown
  | 'degraded' // annotated in a way that may be worse
  | 'failed'; // not annotated; such images are listed apart

/** Which images are shown. */
export interface Filter {
  readonly text: string; // part of the name, in upper or lower case
  readonly classes: readonly number[]; // one of them is shown in the image; empty: all
  readonly prompt: number | undefined; // found one of the boxes
  readonly minScore: number; // of one of the boxes
  readonly maxScore: number;
  readonly state: ImageState | undefined;
}

export const NO_FILTER: Filter = {
  text: '',
  classes: [],
  prompt: undefined,
  minScore: 0,
  maxScore: 1,
  state: undefined,
};

/** What the filter and the order need to know about decisions. */
export interface Reviewed {
  /** By index of the image. */
  readonly decisions: ReadonlyMap<number, Decision>;
  /** Whether a later run suggests boxes in an image that is accepted. */
  hasSuggestions(image: number): boolean;
}

/** Whether the filter says something about boxes, rather than about images alone. */
export function asksForBoxes({ classes, prompt, minScore, maxScore }: Filter): boolean {
  return classes.length > 0 || prompt !== undefined || minScore > 0 || maxScore < 1;
}

export function isFiltered(filter: Filter): boolean {
  return filter.text !== '' || filter.state !== undefined || asksForBoxes(filter);
}

/** Which rows of the table the filter asks for. */
export function rowFilter(table: BoxTable, filter: Filter): (row: number) => boolean {
  const { scores, classes, prompts } = table.pack.boxes;
  const isWanted = new Uint8Array(table.pack.facts.classes.length).fill(filter.classes.length === 0 ? 1 : 0);
  for (const one of filter.classes) isWanted[one] = 1;
  const { prompt } = filter;
  const [low, high] = [filter.minScore * SCORE_STEPS, filter.maxScore * SCORE_STEPS];
  return (row) =>
    isWanted[classes[row]!] === 1 &&
    scores[row]! >= low &&
    scores[row]! <= high &&
    (prompt === undefined || prompts[row] === prompt);
}

/** The images that the filter leaves, in the order of their names. */
export function filterImages(table: BoxTable, filter: Filter, reviewed: Reviewed): number[] {
  const { names } = table.pack.facts.images;
  const text = filter.text.toLowerCase();
  const isRow = rowFilter(table, filter);
  const forBoxes = asksForBoxes(filter);
  const degraded = new Set(table.pack.facts.images.degraded);
  const images: number[] = [];
  for (let image = 0; image < table.imageCount; image++) {
    if (text !== '' && !names[image]!.toLowerCase().includes(text)) continue;
    if (!isInState(image, filter.state)) continue;
    if (forBoxes && !hasBox(image)) continue;
    images.push(image);
  }
  return images;

  function isInState(image: number, state: ImageState | undefined): boolean {
    if (state === undefined) return true;
    if (state === 'failed') return false;
    if (state === 'degraded') return degraded.has(image);
    if (state === 'suggested') return reviewed.hasSuggestions(image);
    const decision = reviewed.decisions.get(image);
    if (state === 'empty') return !hasAny(image, decision);
    return (decision?.state ?? 'untouched') === state;
  }

  function hasAny(image: number, decision: Decision | undefined): boolean {
    if (decision !== undefined && someBox(decision, ({ status }) => status !== 'rejected')) return true;
    return decision?.state !== 'accepted' && shownRows(table, image, () => true) > 0;
  }

  /** Boxes that people have decided on are looked at as they are now; prompts and scores they have from the model. */
  function hasBox(image: number): boolean {
    const decision = reviewed.decisions.get(image);
    if (decision !== undefined && someBox(decision, (box) => isDecidedBox(table, filter, box))) return true;
    return decision?.state !== 'accepted' && shownRows(table, image, isRow) > 0;
  }
}

/** How many of an image's shown rows are wanted. */
function shownRows(table: BoxTable, image: number, isWanted: (row: number) => boolean): number {
  const { starts } = table.pack.boxes;
  let count = 0;
  for (let row = starts[image]!; row < starts[image + 1]!; row++) if (table.isShown(row) && isWanted(row)) count++;
  return count;
}

function isDecidedBox({ pack }: BoxTable, filter: Filter, box: BoxFacts): boolean {
  if (box.status === 'rejected') return false;
  const { classes, prompts } = pack.facts;
  if (filter.classes.length > 0 && !filter.classes.some((one) => classes[one]?.name === box.class)) return false;
  if (filter.prompt !== undefined && prompts[filter.prompt]?.text !== box.prompt) return false;
  const score = box.score ?? 1;
  return score >= filter.minScore && score <= filter.maxScore;
}
