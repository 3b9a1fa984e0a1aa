import { enclose, roundBox, sharedLength, translate, type Axis, type Xyxy } from '../box.js';
import { BOX_DECIMALS, compareDetections, type Detection } from '../detection.js';
import type { Crop, Span } from './tiles.js';

/**
 * How near to a border a box counts as cut by it, as shares of the tile and of the box: the model is not exact to the
 * pixel.
 */
const NEAR = { tile: 0.01, box: 0.05 };

/** Two parts of one object are about equally wide along the border that cuts it: this share of their joint extent. */
const ALONG_SHARE = 0.5;

/** A box found in one crop, in pixels of the image, with every class that its patch was given for. */
export interface FoundBox {
  readonly cropIndex: number;
  readonly box: Xyxy;
  readonly best: Detection;
  readonly pairs: readonly Detection[];
  readonly cuts: readonly Cut[]; // where it ends because its tile does, though the image goes on
}

/** A border of a tile that cuts a box. */
interface Cut {
  readonly axis: Axis; // x or y
  readonly end: 'low' | 'high';
  readonly near: number; // pixels
}

/** The boxes found in a crop, best first, each with all its classes, in pixels of the image. */
export function placeBoxes(
  detections: readonly Detection[],
  { crop, cropIndex, patches }: { crop: Crop; cropIndex: number; patches: number },
): FoundBox[] {
  const byPatch = new Map<number, FoundBox & { pairs: Detection[] }>();
  for (const detection of [...detections].sort(compareDetections)) {
    const box = roundBox(translate(detection.box, { x: crop.x.from, y: crop.y.from }), BOX_DECIMALS);
    const pair = { ...detection, box, patchId: cropIndex * patches + detection.patchId };
    const known = byPatch.get(pair.patchId);
    if (known !== undefined) known.pairs.push(pair);
    else byPatch.set(pair.patchId, { cropIndex, box, best: pair, pairs: [pair], cuts: findCuts(box, crop) });
  }
  return [...byPatch.values()];
}

function findCuts(box: Xyxy, { x, y }: Crop): Cut[] {
  const along = (axis: Axis, { from, to, before, after }: Span): Cut[] => {
    const [low, high] = [box[axis], box[axis + 2]!];
    const near = NEAR.tile * (to - from) + NEAR.box * (high - low);
    const cuts: Cut[] = [];
    if (before !== undefined && low - from <= near) cuts.push({ axis, end: 'low', near });
    if (after !== undefined && to - high <= near) cuts.push({ axis, end: 'high', near });
    return cuts;
  };
  return [...along(0, x), ...along(1, y)];
}

/** Whether a neighbouring crop contains all of a cut box and more. */
export function isHandedOver({ box, cuts }: FoundBox, crop: Crop): boolean {
  return cuts.some(({ axis, end, near }) => {
    const { before = -Infinity, after = Infinity } = axis === 0 ? crop.x : crop.y;
    // Twice as far inside: otherwise two crops that differ slightly could each leave an object to the other.
    return (end === 'high' ? box[axis] - after : before - box[axis + 2]!) >= 2 * near;
  });
}

/** Whether two opposite borders cut it: its object is larger than a tile. */
export function isCutThrough({ cuts }: FoundBox): boolean {
  return cuts.some(
    ({ axis, end }) => end === 'low' && cuts.some((other) => other.axis === axis && other.end === 'high'),
  );
}

/** Finds the boxes of the tile beyond a border, for objects that are larger than what tiles have in common. */
export class Neighbours {
  readonly #crops: readonly Crop[];
  readonly #boxes = new Map<string, FoundBox[]>(); // by the corner of their tile

  /** @param boxes - Best first within a crop. */
  constructor(boxes: readonly FoundBox[], crops: readonly Crop[]) {
    this.#crops = crops;
    for (const box of boxes) {
      if (box.cuts.length === 0) continue;
      const { x, y } = crops[box.cropIndex]!;
      const key = `${x.from} ${y.from}`;
      const known = this.#boxes.get(key);
      if (known === undefined) this.#boxes.set(key, [box]);
      else known.push(box);
    }
  }

  /** The box with the parts added that neighbours show of its object beyond the borders that cut it. */
  extended(found: FoundBox): FoundBox {
    const parts = found.cuts.map((cut) => this.#partBeyond(found, cut));
    const cuts = found.cuts.filter((_, i) => parts[i] === undefined);
    if (cuts.length === found.cuts.length) return found;
    const box = parts.reduce<Xyxy>((sum, part) => (part === undefined ? sum : enclose(sum, part.box)), found.box);
    const pairs = found.pairs.map((pair) => ({ ...pair, box }));
    return { ...found, box, pairs, best: pairs[0]!, cuts };
  }

  #partBeyond(found: FoundBox, { axis, end, near }: Cut): FoundBox | undefined {
    const { x, y } = this.#crops[found.cropIndex]!;
    const from = (cutAxis: Axis, span: Span) =>
      cutAxis !== axis ? span.from : end === 'high' ? span.after! : span.before! - (span.to - span.from);
    const candidates = this.#boxes.get(`${from(0, x)} ${from(1, y)}`) ?? [];
    const across = axis === 0 ? 1 : 0;
    return candidates.find(
      ({ box, best, cuts }) =>
        best.classId === found.best.classId &&
        cuts.some((cut) => cut.axis === axis && cut.end !== end) &&
        sharedLength(box, found.box, axis) > 2 * near && // both fill what the tiles have in common
        sharedLength(box, found.box, across) > ALONG_SHARE * enclosedLength(box, found.box, across),
    );
  }
}

/** Pixels along an axis from the beginning of the first box to the end of the last. */
function enclosedLength(a: Xyxy, b: Xyxy, axis: Axis): number {
  const box = enclose(a, b);
  return box[axis + 2]! - box[axis];
}
