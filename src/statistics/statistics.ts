import { sortParts } from '../core/data-set/split.js';
import { Histogram, type Spread } from './histogram.js';

/** An image with what is counted of it. */
export interface CountedImage {
  readonly width?: number | undefined; // pixels
  readonly height?: number | undefined;
  readonly part?: string | undefined;
  readonly boxes: readonly CountedBox[];
  /** The scores of all boxes that some threshold shows; left out: those of `boxes`. */
  readonly ranked?: readonly number[];
}

export interface CountedBox {
  readonly className: string;
  readonly width: number; // pixels
  readonly height: number;
  readonly score?: number | undefined;
}

/** A class, and what is known of it before its boxes are counted. */
export interface CountedClass {
  readonly name: string;
  readonly id?: number | undefined;
  readonly threshold?: number | undefined; // in force
}

/** What a data set contains, in the form in which it is printed as JSON. */
export interface Statistics {
  readonly images: number;
  readonly images_with_boxes: number;
  readonly images_without_boxes: number;
  readonly left_out_without_boxes?: number; // images that are not among them, as --negatives asks; none where missing
  readonly left_out_unreviewed?: number; // images that are not among them, as --only-reviewed asks; none where missing
  readonly images_by_part?: Readonly<Record<string, number>>;
  readonly boxes: number;
  readonly boxes_per_image: Spread | null;
  readonly classes: readonly ClassStatistics[]; // in the order of the data set
  readonly box_sizes: BoxSizes;
  readonly image_sizes: ImageSizes;
  readonly thresholds: readonly ThresholdStatistics[]; // none where boxes have no scores
}

export interface ClassStatistics extends CountedClass {
  readonly boxes: number;
  readonly images: number;
  readonly scores: Spread | null;
}

export interface BoxSizes {
  readonly small: number; // boxes below 32 x 32 px, as COCO counts them
  readonly medium: number; // below 96 x 96 px
  readonly large: number;
  readonly relative: Spread | null; // square root of the share of the image that a box covers, 0 to 1
}

export interface ImageSizes {
  readonly width: Spread | null; // pixels
  readonly height: Spread | null;
  readonly different: number; // sizes
  readonly common: readonly { readonly width: number; readonly height: number; readonly images: number }[];
  readonly unknown: number; // images
}

/** What a threshold for all classes would leave. */
export interface ThresholdStatistics {
  readonly threshold: number;
  readonly boxes: number;
  readonly images_with_boxes: number;
}

const THRESHOLDS = Array.from({ length: 18 }, (_, i) => (i + 1) / 20); // 0.05 to 0.9
const [SMALL, MEDIUM] = [32 ** 2, 96 ** 2];
const SCORE_DECIMALS = 5; // of journals
const SHARE_DECIMALS = 4;
const COMMON_SIZES = 5;

/** Counts images as they are read; none is kept. */
export class StatisticsCounter {
  readonly #leastScore: number;
  readonly #classes = new Map<string, { one: CountedClass; boxes: number; images: number; scores: Histogram }>();
  readonly #parts = new Map<string, number>();
  readonly #perImage = new Histogram(0);
  readonly #widths = new Histogram(0);
  readonly #heights = new Histogram(0);
  readonly #sizes = new Map<string, number>(); // images by `width x height`
  readonly #relative = new Histogram(SHARE_DECIMALS);
  readonly #byThreshold = THRESHOLDS.map(() => ({ boxes: 0, images: 0 }));
  readonly #bySize = { small: 0, medium: 0, large: 0 };
  #withBoxes = 0;
  #leftOut = 0;
  #unreviewed = 0;
  #boxes = 0;
  #unknown = 0;
  #scored = 0;

  /** @param leastScore - Boxes below it are not known: lower thresholds are left out. */
  constructor(classes: readonly CountedClass[], leastScore = 0) {
    this.#leastScore = leastScore;
    for (const one of classes) this.#classOf(one.name, one);
  }

  add({ width, height, part, boxes, ranked }: CountedImage): void {
    this.#perImage.add(boxes.length);
    this.#boxes += boxes.length;
    if (boxes.length > 0) this.#withBoxes++;
    if (part !== undefined) this.#parts.set(part, (this.#parts.get(part) ?? 0) + 1);
    if (width === undefined || height === undefined) this.#unknown++;
    else this.#addSize(width, height);
    for (const box of boxes) this.#addBox(box, width === undefined || height === undefined ? NaN : width * height);
    for (const name of new Set(boxes.map(({ className }) => className))) this.#classOf(name).images++;
    this.#addScores(ranked ?? boxes.flatMap(({ score }) => score ?? []));
  }

  /** Of an image that the files leave out: what thresholds would show of it. */
  leaveOut(ranked: readonly number[]): void {
    this.#leftOut++;
    this.#addScores(ranked);
  }

  /** Images that the files leave out, whatever thresholds show of them. */
  leaveOutUnreviewed(count: number): void {
    this.#unreviewed += count;
  }

  statistics(): Statistics {
    const images = this.#perImage.total;
    const common = [...this.#sizes].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, COMMON_SIZES);
    const shown = THRESHOLDS.map((threshold, i) => ({ threshold, ...this.#byThreshold[i]! }));
    return {
      images,
      images_with_boxes: this.#withBoxes,
      images_without_boxes: images - this.#withBoxes,
      ...(this.#leftOut === 0 ? {} : { left_out_without_boxes: this.#leftOut }),
      ...(this.#unreviewed === 0 ? {} : { left_out_unreviewed: this.#unreviewed }),
      ...(this.#parts.size === 0 ? {} : { images_by_part: sortParts(this.#parts) }),
      boxes: this.#boxes,
      boxes_per_image: this.#perImage.spread() ?? null,
      classes: [...this.#classes.values()].map(({ one, boxes, images: inImages, scores }) => {
        return { ...one, boxes, images: inImages, scores: scores.spread() ?? null };
      }),
      box_sizes: { ...this.#bySize, relative: this.#relative.spread() ?? null },
      image_sizes: {
        width: this.#widths.spread() ?? null,
        height: this.#heights.spread() ?? null,
        different: this.#sizes.size,
        common: common.map(([size, count]) => {
          const [width, height] = size.split(' x ').map(Number) as [number, number];
          return { width, height, images: count };
        }),
        unknown: this.#unknown,
      },
      thresholds:
        this.#scored === 0
          ? []
          : shown
              .filter(({ threshold }) => threshold >= this.#leastScore)
              .map(({ threshold, boxes, images: left }) => ({ threshold, boxes, images_with_boxes: left })),
    };
  }

  #addSize(width: number, height: number): void {
    this.#widths.add(width);
    this.#heights.add(height);
    const size = `${width} x ${height}`;
    this.#sizes.set(size, (this.#sizes.get(size) ?? 0) + 1);
  }

  #addBox({ className, width, height, score }: CountedBox, imageArea: number): void {
    const entry = this.#classOf(className);
    entry.boxes++;
    if (score !== undefined) entry.scores.add(score);
    const area = width * height;
    this.#bySize[area < SMALL ? 'small' : area < MEDIUM ? 'medium' : 'large']++;
    if (imageArea > 0) this.#relative.add(Math.sqrt(Math.max(0, area) / imageArea));
  }

  #addScores(scores: readonly number[]): void {
    this.#scored += scores.length;
    for (const [i, threshold] of THRESHOLDS.entries()) {
      const left = scores.reduce((count, score) => count + (score > threshold ? 1 : 0), 0);
      this.#byThreshold[i]!.boxes += left;
      if (left > 0) this.#byThreshold[i]!.images++;
    }
  }

  #classOf(name: string, one: CountedClass = { name }) {
    const known = this.#classes.get(name);
    if (known !== undefined) return known;
    const entry = { one, boxes: 0, images: 0, scores: new Histogram(SCORE_DECIMALS) };
    this.#classes.set(name, entry);
    return entry;
  }
}
