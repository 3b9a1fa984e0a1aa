import { z } from 'zod';
import type { ViewImage } from '../../core/image.js';
import { compareUtf8 } from '../../core/text.js';
import { whySkippedByTrainers } from '../../core/skipped-by-trainers.js';
import type { Ontology } from '../../core/ontology.js';
import { sortParts } from '../../core/data-set/split.js';

/** What the views of a run hold. */
export const ViewCounts = z.object({
  detections: z.number(), // boxes
  detections_by_class: z.record(z.string(), z.number()), // in the order of the ontology
  images_without_detections: z.number(),
  left_out_without_detections: z.number().exactOptional(), // images that are in no view; none where it is missing
  reviewed: z.number().exactOptional(), // images that a person has accepted; left out when there is none
  reviewed_boxes: z.number().exactOptional(), // kept, corrected or drawn by people; left out when there is none
  left_out_unreviewed: z.number().exactOptional(), // images that are in no view; none where it is missing
  degraded: z.number(), // images that were decoded in part
  images_by_part: z.record(z.string(), z.number()).exactOptional(), // images, where they are divided
  skipped_by_trainers: z.record(z.string(), z.number()), // images, by why training programs leave them out
});
export type ViewCounts = Readonly<z.output<typeof ViewCounts>>;

/** How many images the views do not have. */
interface LeftOut {
  readonly negatives: number; // nothing was found in them
  readonly unreviewed: number; // no person has accepted them
}

/** The images of a view, counted as they are read: no further pass over the journal is needed. */
export class CountedImages implements AsyncIterable<ViewImage> {
  readonly #images: AsyncIterable<ViewImage>;
  readonly #ontology: Ontology;
  readonly #leftOut: () => LeftOut;
  #counts: ViewCounts | undefined;

  /** @param leftOut - How many images were left out, once all others were read. */
  constructor(images: AsyncIterable<ViewImage>, ontology: Ontology, leftOut: () => LeftOut) {
    this.#images = images;
    this.#ontology = ontology;
    this.#leftOut = leftOut;
  }

  /** Of all images. Reads them where no view has. */
  async counts(): Promise<ViewCounts> {
    if (this.#counts === undefined) for await (const _ of this) continue;
    return this.#counts!;
  }

  /** Takes over what {@link counts} gave for the same images. @returns Whether it is of that form */
  restoreCounts(counts: unknown): boolean {
    const { data } = ViewCounts.safeParse(counts);
    this.#counts ??= data;
    return data !== undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ViewImage> {
    const byClass = new Array<number>(this.#ontology.classes.length).fill(0);
    const skipped = new Map<string, number>();
    const parts = new Map<string, number>();
    let [detections, without, degraded, reviewed, reviewedBoxes] = [0, 0, 0, 0, 0];
    for await (const image of this.#images) {
      detections += image.detections.length;
      for (const { classId, review } of image.detections) {
        byClass[classId]!++;
        if (review !== undefined) reviewedBoxes++;
      }
      if (image.isAccepted === true) reviewed++;
      if (image.detections.length === 0) without++;
      if (image.isDegraded) degraded++;
      if (image.part !== undefined) parts.set(image.part, (parts.get(image.part) ?? 0) + 1);
      const reason = whySkippedByTrainers(image);
      if (reason !== undefined) skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
      yield image;
    }
    const { negatives, unreviewed } = this.#leftOut();
    this.#counts = {
      detections,
      detections_by_class: Object.fromEntries(this.#ontology.classes.map(({ name }, i) => [name, byClass[i]!])),
      images_without_detections: without,
      ...(negatives === 0 ? {} : { left_out_without_detections: negatives }),
      ...(unreviewed === 0 ? {} : { left_out_unreviewed: unreviewed }),
      ...(reviewed === 0 ? {} : { reviewed }),
      ...(reviewedBoxes === 0 ? {} : { reviewed_boxes: reviewedBoxes }),
      degraded,
      ...(parts.size === 0 ? {} : { images_by_part: sortParts(parts) }),
      skipped_by_trainers: Object.fromEntries([...skipped].sort(([a], [b]) => compareUtf8(a, b))),
    };
  }
}
