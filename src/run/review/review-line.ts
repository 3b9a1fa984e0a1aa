import { z } from 'zod';
import type { Xyxy } from '../../core/box.js';
import type { CompactChange } from '../../core/review/compact.js';
import type { Change, DecidedBox } from '../../core/review/decision.js';

const Corners: z.ZodType<Xyxy> = z.tuple([z.number(), z.number(), z.number(), z.number()]); // pixels, upright image

export const ReviewedBox = z.strictObject({
  id: z.string().min(1).max(64),
  status: z.enum(['kept', 'corrected', 'drawn', 'rejected']),
  class: z.string(),
  box: Corners,
  from: Corners.exactOptional(),
  prompt: z.string().exactOptional(),
  score: z.number().min(0).max(1).exactOptional(),
}) satisfies z.ZodType<DecidedBox>;

const State = z.enum(['open', 'accepted']);

export const ReviewChange = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('set'), box: ReviewedBox }),
  z.strictObject({ op: z.literal('forget'), id: z.string() }),
  z.strictObject({ op: z.literal('state'), state: State }),
]) satisfies z.ZodType<Change>;

const Kept = z.strictObject({
  op: z.literal('keep'),
  of: z.array(z.tuple([z.string(), z.string()])),
  kept: z.array(
    z.tuple([z.string().min(1).max(64), z.int(), z.number(), z.number(), z.number(), z.number(), z.number()]),
  ),
}) satisfies z.ZodType<CompactChange>;

const Line = z.object({
  image: z.string(),
  sha256: z.string(),
  revision: z.int().positive(),
  author: z.string(),
  at: z.string(),
  step: z.string().exactOptional(), // id
  base: z.int().exactOptional(), // revision
});

/** A line of review.jsonl: what one step changed. All lines of an image together are what is decided about it. */
export const ReviewLine = z.object({
  ...Line.shape,
  changes: z.array(z.discriminatedUnion('op', [...ReviewChange.options, Kept])).refine(haveClasses),
});

/** A line as earlier versions wrote it: it also has all that is decided about the image after the step. */
export const WholeReviewLine = z.object({
  ...Line.shape,
  state: State,
  boxes: z.array(ReviewedBox),
  changes: z.array(ReviewChange),
});

function haveClasses(changes: readonly CompactChange[]): boolean {
  return changes.every((change) => change.op !== 'keep' || change.kept.every(([, of]) => change.of[of] !== undefined));
}
