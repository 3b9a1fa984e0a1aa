import { z } from 'zod';
import type { Xyxy } from '../../core/box.js';
import type { Change, DecidedBox, Decision } from '../../core/review/decision.js';

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

/** A line of review.jsonl: what was decided about one image, and by which changes. The last line of an image counts. */
export const ReviewLine = z.object({
  image: z.string(),
  sha256: z.string(),
  revision: z.int().positive(),
  state: State,
  boxes: z.array(ReviewedBox),
  author: z.string(),
  at: z.string(),
  changes: z.array(ReviewChange),
}) satisfies z.ZodType<Decision>;
export type ReviewLine = z.output<typeof ReviewLine>;
