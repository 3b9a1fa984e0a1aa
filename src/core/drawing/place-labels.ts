import { area, intersection, type Size, type Xyxy } from '../box.js';

const MAX_COVERED = 0.15; // share of a box that a label may cover
const MAX_LABELS = 300; // of an image; no picture has room for more
const STEPS_ALONG = 4; // places along the upper and the lower side of a box, beside its corners

/** A box, and how large its label is. */
export interface LabelledBox {
  readonly box: Xyxy; // pixels of the picture, inside it
  readonly label: Size | undefined; // undefined: it has none
}

/**
 * Finds a place for the label of each box, beside the box or in it. Labels lie inside the picture and never cover each
 * other; they cover small boxes only where all other places are taken. The first boxes choose first, and a label for
 * which there is no room is left out.
 *
 * @returns Where each label is; undefined where it is left out.
 */
export function placeLabels(boxes: readonly LabelledBox[], picture: Size): (Xyxy | undefined)[] {
  const placed: Xyxy[] = [];
  return boxes.map(({ box, label }, index) => {
    if (label === undefined || index >= MAX_LABELS) return undefined;
    const isFree = (place: Xyxy) => placed.every((other) => intersection(place, other) === 0);
    const free = listPlaces(box, label, picture).filter(isFree);
    const place = free.find((one) => boxes.every((other) => !coversMuch(one, other.box))) ?? free[0];
    if (place !== undefined) placed.push(place);
    return place;
  });
}

function coversMuch(place: Xyxy, box: Xyxy): boolean {
  return intersection(place, box) > MAX_COVERED * area(box);
}

/** The places that lie inside the picture, the best first: above the box, in it, below it, beside it. */
function listPlaces([x1, y1, x2, y2]: Xyxy, { width, height }: Size, picture: Size): Xyxy[] {
  const left = Math.floor(x1);
  const right = Math.ceil(x2) - width;
  const [top, bottom] = [Math.floor(y1), Math.ceil(y2)];
  const along = Array.from({ length: STEPS_ALONG }, (_, i) =>
    Math.round(left + ((right - left) * (i + 1)) / (STEPS_ALONG + 1)),
  );
  const corners = [left, right].map((x) => Math.max(0, Math.min(x, picture.width - width)));
  const rows = [top - height, top, bottom, bottom - height];
  const places = [
    ...rows.flatMap((y) => corners.map((x) => [x, y] as const)),
    ...[top, bottom - height].flatMap((y) => [[Math.ceil(x2), y] as const, [left - width, y] as const]),
    ...rows.flatMap((y) => along.map((x) => [x, y] as const)),
  ];
  return places
    .filter(([x, y]) => x >= 0 && y >= 0 && x + width <= picture.width && y + height <= picture.height)
    .map(([x, y]) => [x, y, x + width, y + height]);
}
