import type { Xyxy } from '../../../core/box.js';
import type { Detection } from '../../../core/detection.js';
import { PIXEL_STEPS, SCORE_STEPS, type GalleryPack } from '../../../core/gallery/pack.js';
import { overlapsMore } from './overlap.js';

/** A box of the model, and its row in the table. */
export interface TableBox extends Detection {
  readonly row: number;
}

/**
 * All stored boxes of a run, and which of them are shown at the current thresholds: exactly those that `select` of
 * core/select.ts leaves. Works on typed arrays, so that a threshold can be moved over millions of boxes.
 */
export class BoxTable {
  readonly pack: GalleryPack;
  /** Shown boxes of each class, of all images. Complete once no image is stale. */
  readonly shownOfClass: Uint32Array;
  readonly #shownOfImage: Uint32Array;
  readonly #isShown: Uint8Array; // of each row
  readonly #isStale: Uint8Array; // of each image: the thresholds have passed one of its scores since it was selected
  readonly #lowest: Uint32Array; // of each class: the lowest score that passes, in steps
  #thresholds: readonly number[];
  readonly #seenIn: Uint32Array; // of each patch: the last selection that had it, counted from 1
  readonly #kept: number[] = [];
  #selections = 0;
  #firstStale = 0;

  constructor(pack: GalleryPack, thresholds: readonly number[]) {
    const { facts, boxes } = pack;
    this.pack = pack;
    this.shownOfClass = new Uint32Array(facts.classes.length);
    this.#shownOfImage = new Uint32Array(facts.images.ids.length);
    this.#isShown = new Uint8Array(boxes.scores.length);
    this.#isStale = new Uint8Array(facts.images.ids.length).fill(1);
    this.#thresholds = thresholds;
    this.#lowest = Uint32Array.from(thresholds, lowestAbove);
    this.#seenIn = new Uint32Array(boxes.patches.reduce((most, patch) => Math.max(most, patch), 0) + 1);
  }

  /** Of each class, as they are now. */
  get thresholds(): readonly number[] {
    return this.#thresholds;
  }

  get imageCount(): number {
    return this.#isStale.length;
  }

  /** Notes which images other thresholds change. They are selected again by `advance`, or when they are asked for. */
  setThresholds(thresholds: readonly number[]): void {
    const next = Uint32Array.from(thresholds, lowestAbove);
    const from = next.map((value, i) => Math.min(value, this.#lowest[i]!));
    const to = next.map((value, i) => Math.max(value, this.#lowest[i]!));
    this.#lowest.set(next);
    this.#thresholds = thresholds;
    const { starts, scores, classes } = this.pack.boxes;
    for (let image = 0; image < this.imageCount; image++) {
      if (this.#isStale[image] === 1) continue;
      const end = starts[image + 1]!;
      for (let row = starts[image]!; row < end; row++) {
        const [score, classId] = [scores[row]!, classes[row]!];
        if (score < from[classId]! || score >= to[classId]!) continue;
        this.#isStale[image] = 1;
        this.#firstStale = Math.min(this.#firstStale, image);
        break;
      }
    }
  }

  /**
   * Selects images until all are done, or time is up.
   *
   * @param isLate - Asked every 256 images.
   * @returns Whether all are done.
   */
  advance(isLate: () => boolean): boolean {
    while (this.#firstStale < this.imageCount) {
      const end = Math.min(this.#firstStale + 256, this.imageCount);
      for (let image = this.#firstStale; image < end; image++) this.#refresh(image);
      this.#firstStale = end;
      if (isLate()) break;
    }
    return this.#firstStale === this.imageCount;
  }

  /** The rows of an image's shown boxes, best score first. */
  rowsOf(image: number): number[] {
    this.#refresh(image);
    const rows: number[] = [];
    const end = this.pack.boxes.starts[image + 1]!;
    for (let row = this.pack.boxes.starts[image]!; row < end; row++) if (this.#isShown[row] === 1) rows.push(row);
    return rows;
  }

  /** How many boxes an image shows; as many as before, while it is stale. */
  shownOf(image: number): number {
    return this.#shownOfImage[image]!;
  }

  isShown(row: number): boolean {
    return this.#isShown[row] === 1;
  }

  boxesOf(image: number): TableBox[] {
    return this.rowsOf(image).map((row) => boxOf(this.pack, row));
  }

  #refresh(image: number): void {
    if (this.#isStale[image] === 0) return;
    this.#isStale[image] = 0;
    this.#select(this.pack.boxes.starts[image]!, this.pack.boxes.starts[image + 1]!);
    this.#shownOfImage[image] = this.#kept.length;
  }

  /** `select` for the rows of one image, which are sorted as it sorts them. */
  #select(start: number, end: number): void {
    const { scores, patches, classes } = this.pack.boxes;
    const { maxDetections } = this.pack.facts.selection;
    const selection = ++this.#selections;
    const kept = this.#kept;
    kept.length = 0;
    for (let row = start; row < end; row++) {
      const classId = classes[row]!;
      if (this.#isShown[row] === 1) this.shownOfClass[classId]!--;
      this.#isShown[row] = 0;
      const patch = patches[row]!;
      if (kept.length === maxDetections || scores[row]! < this.#lowest[classId]!) continue;
      if (this.#seenIn[patch] === selection) continue;
      this.#seenIn[patch] = selection;
      if (this.#hasRival(row)) continue;
      kept.push(row);
      this.#isShown[row] = 1;
      this.shownOfClass[classId]!++;
    }
  }

  /** Whether a better box suppresses this one. */
  #hasRival(row: number): boolean {
    const { corners, classes } = this.pack.boxes;
    const { nmsIou, classAgnosticNms } = this.pack.facts.selection;
    if (nmsIou === null) return false;
    const maxIou = nmsIou[classes[row]!]!;
    for (const better of this.#kept) {
      if (!classAgnosticNms && classes[better] !== classes[row]) continue;
      if (overlapsMore(corners, better, row, maxIou)) return true;
    }
    return false;
  }
}

/** One row of a pack's table. */
export function boxOf({ boxes }: GalleryPack, row: number): TableBox {
  const corner = (i: number) => boxes.corners[4 * row + i]! / PIXEL_STEPS;
  const box: Xyxy = [corner(0), corner(1), corner(2), corner(3)];
  return {
    row,
    classId: boxes.classes[row]!,
    queryId: boxes.prompts[row]!,
    patchId: boxes.patches[row]!,
    score: boxes.scores[row]! / SCORE_STEPS,
    box,
  };
}

/** The lowest score in steps that is strictly above a threshold. */
export function lowestAbove(threshold: number): number {
  let steps = Math.max(0, Math.floor(threshold * SCORE_STEPS) - 1);
  while (steps / SCORE_STEPS <= threshold) steps++;
  return steps;
}
