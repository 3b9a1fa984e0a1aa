import { z } from 'zod';
import { PART_NAMES, type SplitRule } from '../core/data-set/split.js';

/** A rule as run.json, the journal's first line and splits.json have it. */
export const StoredSplit: z.ZodType<SplitRule> = z.object({
  shares: z.partialRecord(z.enum(PART_NAMES), z.number()),
  by: z.string(),
  seed: z.int(),
});
