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

/** Indices into `ontology.classes`. */
interface ClassIndices {
  readonly byName: ReadonlyMap<string, number>;
  readonly byPrompt: ReadonlyMap<string, number>;
}

export function indexClasses({ classes, queries }: Pick<Ontology, 'classes' | 'queries'>): ClassIndices {
  return {
    byName: new Map(classes.map(({ name }, classId) => [name, classId])),
    byPrompt: new Map(queries.map(({ prompt, classId }) => [prompt, classId])),
  };
}

/**
 * The boxes that views have of an image: those that were decided, then what the model found beside them, unless the
 * image is accepted. A box whose class is not in the ontology is left out.
 */
export function toViewBoxes(
  selected: readonly Detection[],
  decision: Pick<Decision, 'state' | 'boxes'>,
  indices: ClassIndices,
): ViewBox[] {
  const { decided, drafts } = joinReview(selected, decision);
  const reviewed = decided.flatMap((box) => {
    const classId = indices.byName.get(box.class);
    return classId === undefined ? [] : [toViewBox(withoutOtherPrompt(box, classId, indices), classId)];
  });
  return [...reviewed, ...drafts];
}

/** A box that was corrected has its prompt only where that asks for the class that the box has now. */
function withoutOtherPrompt(box: DecidedBox, classId: number, { byPrompt }: ClassIndices): DecidedBox {
  const { prompt, ...others } = box;
  const isOther = box.status === 'corrected' && prompt !== undefined && byPrompt.get(prompt) !== classId;
  return isOther ? others : box;
}

/** The prompt that found a box; undefined for one that a person has drawn or given another class. */
export function promptOf({ queryId, review }: ViewBox, { queries }: Pick<Ontology, 'queries'>): string | undefined {
  return queryId === undefined ? review?.prompt : queries[queryId]!.prompt;
}
