import { clip, roundBox, type Size, type Xyxy } from '../../core/box.js';
import { placeOf, type LabelledImage } from '../../core/data-set/data-set.js';
import { BOX_DECIMALS } from '../../core/detection.js';
import { counted, printable } from '../../core/text.js';
import type { ModelBox } from '../../core/review/model-box.js';
import { distance, type DrawnBox } from './decide-boxes.js';

/** Files with whole pixels have rounded them. */
const WHOLE_PIXELS_TOLERANCE = 0.51;
/** Files with decimals have two; those with fractions or percent of the image, at least six digits. */
const TOLERANCE_PX = 0.05;
const TOLERANCE_SHARE = 1e-6;

const MIN_SIDE_PX = 1;

/** Boxes that are not taken over. */
export class LeftOutBoxes {
  readonly #first = new Map<string, { count: number; readonly place: string }>();

  add(reason: string, place: string): void {
    const known = this.#first.get(reason);
    if (known === undefined) this.#first.set(reason, { count: 1, place });
    else known.count++;
  }

  /** A sentence for each reason. */
  get notes(): string[] {
    return [...this.#first].map(
      ([reason, { count, place }]) =>
        `Left out, because ${reason}: ${counted(count, 'box', 'boxes')}, first in ${printable(place)}.`,
    );
  }
}

/** The boxes of a data set as a person could have drawn them: inside the image, with two decimals, each once. */
export function toDrawnBoxes(
  labelled: LabelledImage,
  { width, height, stored }: Size & { readonly stored: readonly ModelBox[] },
  leftOut: LeftOutBoxes,
): DrawnBox[] {
  const drawn: DrawnBox[] = [];
  for (const one of labelled.boxes) {
    const box = roundBox(clip(one.box, { width, height }), BOX_DECIMALS);
    const candidate = { class: one.className, box, tolerance: toleranceOf(one.box, { width, height }) };
    const reason = one.isCrowd === true ? 'they mark groups of objects' : findReason(candidate, { stored, drawn });
    if (reason === undefined) drawn.push(candidate);
    else leftOut.add(reason, placeOf(labelled, one));
  }
  return drawn;
}

function findReason(
  candidate: DrawnBox,
  { stored, drawn }: { readonly stored: readonly ModelBox[]; readonly drawn: readonly DrawnBox[] },
): string | undefined {
  const isSame = (other: { readonly class: string; readonly box: Xyxy }, within: number) =>
    other.class === candidate.class && distance(other.box, candidate.box) <= within;
  if (drawn.some((other) => isSame(other, 0))) return 'they are in the data set twice';
  const [x1, y1, x2, y2] = candidate.box;
  const isSmall = x2 - x1 < MIN_SIDE_PX || y2 - y1 < MIN_SIDE_PX;
  if (!isSmall || stored.some((other) => isSame(other, candidate.tolerance))) return undefined;
  return `they are less than ${MIN_SIDE_PX} px wide or high in the image`;
}

function toleranceOf(box: Xyxy, { width, height }: Size): number {
  if (box.every((side) => Number.isInteger(side))) return WHOLE_PIXELS_TOLERANCE;
  return TOLERANCE_PX + TOLERANCE_SHARE * Math.max(width, height);
}
