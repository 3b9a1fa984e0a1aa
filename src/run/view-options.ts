import { z } from 'zod';
import { ALL_NEGATIVES } from '../core/data-set/negatives.js';
import { PART_NAMES, type SplitRule } from '../core/data-set/split.js';
import type { ImageFiles } from '../core/image-files.js';

/** A rule as run.json, the journal's first line and splits.json have it. */
export const StoredSplit: z.ZodType<SplitRule> = z.object({
  shares: z.partialRecord(z.enum(PART_NAMES), z.number()),
  by: z.string(),
  seed: z.int(),
});

/** What views are written with, beside the selection, as options have it. */
interface ViewOptions {
  readonly imageFiles?: ImageFiles | undefined;
  readonly split?: SplitRule | undefined;
  readonly negatives?: number | undefined;
  readonly upright?: boolean | undefined;
  readonly onlyReviewed?: boolean | undefined;
}

/** What run.json says of how views are written; what is usual is left out. */
export interface StoredViewOptions {
  readonly images?: ImageFiles;
  readonly split?: SplitRule;
  readonly negatives?: number;
  readonly upright?: true;
  readonly only_reviewed?: true;
}

export function toStoredViewOptions({
  imageFiles: images,
  split,
  negatives = ALL_NEGATIVES,
  upright = false,
  onlyReviewed = false,
}: ViewOptions) {
  return {
    ...(images === undefined ? {} : { images }),
    ...(split === undefined ? {} : { split }),
    ...(negatives === ALL_NEGATIVES ? {} : { negatives }),
    ...(upright ? { upright } : {}),
    ...(onlyReviewed ? { only_reviewed: onlyReviewed } : {}),
  } satisfies StoredViewOptions;
}

/** The same of another state of run.json. */
export function pickViewOptions(stored: StoredViewOptions): StoredViewOptions {
  const { images: imageFiles, split, negatives, upright, only_reviewed: onlyReviewed } = stored;
  return toStoredViewOptions({ imageFiles, split, negatives, upright, onlyReviewed });
}
