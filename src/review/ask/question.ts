import { z } from 'zod';
import { clip, roundBox, type Size, type Xyxy } from '../../core/box.js';
import { BOX_DECIMALS } from '../../core/detection.js';
import { PreannotateError } from '../../core/errors.js';
import { buildOntology, type Ontology, type OntologySpec } from '../../core/ontology.js';
import { UNFIT_FOR_NAMES } from '../../config/ontology/checks.js';
import { asksForSomething, foldSpace, toAsked } from '../../core/prompts/canonical-prompt.js';
import { excerpt } from '../../core/text.js';

/** Each is a row that every patch is compared with, and a class of the page. */
const MAX_PROMPTS = 20;
const MAX_CHARACTERS = 200; // of a prompt

/** Scores of objects that look alike are higher than those of prompts. */
export const LIKE_THRESHOLD = 0.8;

const side = z.number().min(0).max(1e9);

const prompt = z.string().max(MAX_CHARACTERS, `A prompt has at most ${MAX_CHARACTERS} characters.`);

/** The same line again asks nothing more. */
const Prompts = z
  .array(prompt)
  .min(1, 'Write what to look for.')
  .transform((lines) => [...new Set(lines.map(foldSpace))])
  .refine(({ length }) => length <= MAX_PROMPTS, `At most ${MAX_PROMPTS} prompts can be asked at once.`);

/** What a page asks. */
export const AskedQuestion = z.union([
  z.strictObject({ prompts: Prompts }),
  z.strictObject({ like: z.strictObject({ image: z.int().min(1), box: z.tuple([side, side, side, side]) }) }),
]);
export type AskedQuestion = z.output<typeof AskedQuestion>;

/** An image that may be shown as an example. */
export interface KnownImage extends Size {
  readonly name: string;
  readonly sha256: string;
}

/** An object in an image, as an example of what to find. */
export interface LikeThis {
  readonly image: KnownImage;
  readonly box: Xyxy;
}

/**
 * The question as an ontology of its own, with a class for each prompt. Of prompts that are the same to the model, the
 * first is asked.
 *
 * @param asked - The ontology of the run: its templates are used, as a run with the prompt would.
 * @throws PreannotateError ONTOLOGY_INVALID for prompts that ask for nothing.
 */
export function toOntology(prompts: readonly string[], asked: OntologySpec): Ontology {
  const { templates, canonical = false, threshold } = asked;
  const byQuery = new Map<string, string>();
  for (const text of prompts.map(foldSpace)) {
    assertAsks(text, canonical);
    const query = toAsked(text, canonical);
    if (!byQuery.has(query)) byQuery.set(query, text);
  }
  const classes = [...byQuery.values()].map((text, i) => ({ name: text, id: i + 1, prompts: [text] }));
  return buildOntology({
    ...{ templates, canonical, classes, ignore: [] },
    ...(threshold === undefined ? {} : { threshold }),
  });
}

function assertAsks(text: string, canonical: boolean): void {
  const refuse = (message: string, hint: string) => new PreannotateError({ code: 'ONTOLOGY_INVALID', message, hint });
  if (text === '') throw refuse('A prompt is empty.', 'Write what to look for, or remove the line.');
  if (UNFIT_FOR_NAMES.test(text)) {
    throw refuse(`The prompt "${excerpt(text)}" has a control character in it.`, 'Remove it.');
  }
  if (!canonical || asksForSomething(toAsked(text, canonical))) return;
  const message = `The prompt "${excerpt(text)}" has no letter and no digit.`;
  throw refuse(message, 'The model reads nothing else: describe in words what to look for.');
}

/** @throws PreannotateError ONTOLOGY_INVALID where nothing of the box is in the image. */
export function toOntologyOfLike({ image, box }: LikeThis): Ontology {
  const [x1, y1, x2, y2] = box;
  const corners: Xyxy = [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
  const inside = roundBox(clip(corners, image), BOX_DECIMALS);
  if (inside[2] - inside[0] < 1 || inside[3] - inside[1] < 1) {
    throw new PreannotateError({
      code: 'ONTOLOGY_INVALID',
      message: `The box leaves less than a pixel of ${image.name}.`,
      hint: 'Choose a box that shows a whole object.',
    });
  }
  const example = { image: image.name, box: inside, sha256: image.sha256 };
  const classes = [{ name: 'like this', id: 1, prompts: [], examples: [example], threshold: LIKE_THRESHOLD }];
  return buildOntology({ templates: [], classes, ignore: [] });
}
