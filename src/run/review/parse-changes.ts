import { z } from 'zod';
import { area, round, type Size, type Xyxy } from '../../core/box.js';
import { BOX_DECIMALS } from '../../core/detection.js';
import { PreannotateError } from '../../core/errors.js';
import type { Change, DecidedBox } from '../../core/review/decision.js';
import { printable } from '../../core/text.js';
import { ReviewChange } from './review-line.js';

const MODEL_ID = /^p\d{1,9}(?:-\d{1,3})?$/;
const ID = /^[\w-]{1,64}$/;
const MIN_SIDE_PX = 1; // of a box that a person has drawn or changed; the model's may be smaller
const MAX_CHANGES = 10_000; // of one request
const MAX_PROMPT = 10_000; // characters, more than a prompt or the path of an example has; each later line repeats it

/** What the changes are about. */
export interface ReviewedImage extends Size {
  readonly classes: ReadonlySet<string>; // names of the ontology
}

/**
 * Checks changes that come from outside.
 *
 * @throws PreannotateError REQUEST_INVALID whose message names the first value that is wrong: `changes[2].box.class: …`
 */
export function parseChanges(value: unknown, image: ReviewedImage): Change[] {
  const { data: changes, error } = z.array(ReviewChange).min(1).max(MAX_CHANGES).safeParse(value);
  if (changes === undefined) throw invalidError(formProblem(error));
  for (const [i, change] of changes.entries()) {
    if (change.op === 'forget' && !ID.test(change.id)) throw invalidError(`changes[${i}].id: ${ID_PROBLEM}`);
    const problem = change.op === 'set' ? findProblem(change.box, image) : undefined;
    if (problem !== undefined) throw invalidError(`changes[${i}].box.${problem}`);
  }
  return changes;
}

const ID_PROBLEM = 'an id has 1 to 64 letters, digits, _ or -';

/** @returns `field: what is wrong`; undefined where nothing is. */
function findProblem(decided: DecidedBox, image: ReviewedImage): string | undefined {
  const { id, status, class: name, box, from, prompt } = decided;
  if (!ID.test(id)) return `id: ${ID_PROBLEM}`;
  if (!image.classes.has(name)) return `class: ${printable(JSON.stringify(name))} is not a class of the ontology`;
  if ((prompt?.length ?? 0) > MAX_PROMPT) return `prompt: it has more than ${MAX_PROMPT} characters`;
  const isDrawn = status === 'drawn';
  if (isDrawn) {
    if (MODEL_ID.test(id)) return 'id: p and a number are for boxes of the model, which are not drawn';
    const stated = (['from', 'prompt', 'score'] as const).find((key) => decided[key] !== undefined);
    if (stated !== undefined) return `${stated}: only boxes of the model have it`;
  } else {
    if (!MODEL_ID.test(id)) return 'id: a box of the model has p and the number of its patch';
    if (from === undefined) return 'from: it is missing; it says where the model had the box';
    const problem = findBoxProblem(from, image);
    if (problem !== undefined) return `from: ${problem}`;
  }
  const problem = findBoxProblem(box, image);
  if (problem !== undefined) return `box: ${problem}`;
  if (status === 'kept' && !box.every((side, i) => side === from?.[i])) {
    return 'box: a box that is kept is where the model had it; one that was moved is corrected';
  }
  const isMoved = isDrawn || (status === 'corrected' && !box.every((side, i) => side === from?.[i]));
  const [width, height] = [round(box[2] - box[0], BOX_DECIMALS), round(box[3] - box[1], BOX_DECIMALS)];
  if (isMoved && Math.min(width, height) < MIN_SIDE_PX) {
    return `box: it is ${width} by ${height} px; a box has at least ${MIN_SIDE_PX} px on each side`;
  }
  return undefined;
}

function findBoxProblem(box: Xyxy, { width, height }: Size): string | undefined {
  const shown = `[${box.join(', ')}]`;
  if (!box.every((side) => round(side, BOX_DECIMALS) === side)) {
    return `${shown} has more than ${BOX_DECIMALS} decimals`;
  }
  if (box[0] < 0 || box[1] < 0 || box[2] > width || box[3] > height) {
    return `${shown} is not inside the image, which has ${width} by ${height} px`;
  }
  return box[0] > box[2] || box[1] > box[3] || area(box) === 0 ? `${shown} has no area` : undefined;
}

/** `changes[0].box.score: too big` */
function formProblem({ issues: [issue] }: z.ZodError): string {
  const steps = issue!.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  return `changes${steps.join('')}: ${issue!.message}`;
}

function invalidError(problem: string): PreannotateError {
  return new PreannotateError({
    code: 'REQUEST_INVALID',
    message: `${problem}.`,
    hint: 'Nothing of this change was saved.',
    clientHint: 'Nothing of this change was saved.',
  });
}
