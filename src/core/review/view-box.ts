import type { Xyxy } from '../box.js';
import type { Detection } from '../detection.js';
import type { Ontology } from '../ontology.js';
import type { DecidedBox, Decision } from './decision.js';
import { joinReview } from './reviewed-boxes.js';

/** A box as views have it: one that the model found, or one that a person has decided on. */
export interface ViewBox {
  readonly classId: number; // index into `ontology.classes`
  readonly queryId: number | undefined; // index into `ontology.queries`; undefined where a person has decided
  readonly score: number; // of the model; 1 where a person has decided
  readonly box: Xyxy;
  readonly review?: Pick<DecidedBox, 'status' | 'prompt'>; // left out of the model's boxes
}

/** The score of a box that a person has decided on, for files that need one. */
const REVIEWED_SCORE = 1;

/** @param classId - Of the box's class. */
export function toViewBox({ box, status, prompt }: DecidedBox, classId: number): ViewBox {
  const review = { status, ...(prompt === undefined ? {} : { prompt }) };
  return { classId, queryId: undefined, score: REVIEWED_SCORE, box, review };
}

/**
 * The boxes that views have of an image: those that were decided, then what the model found beside them, unless the
 * image is accepted. A box whose class is not in the ontology is left out.
 */
export function toViewBoxes(
  selected: readonly Detection[],
  decision: Pick<Decision, 'state' | 'boxes'>,
  classIds: ReadonlyMap<string, number>, // indices into `ontology.classes`, by name
): ViewBox[] {
  const { decided, drafts } = joinReview(selected, decision);
  const reviewed = decided.flatMap((box) => {
    const classId = classIds.get(box.class);
    return classId === undefined ? [] : [toViewBox(box, classId)];
  });
  return [...reviewed, ...drafts];
}

/** The prompt that found a box; undefined for one that a person has drawn. */
export function promptOf({ queryId, review }: ViewBox, { queries }: Pick<Ontology, 'queries'>): string | undefined {
  return queryId === undefined ? review?.prompt : queries[queryId]!.prompt;
}
