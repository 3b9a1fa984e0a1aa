import { z } from 'zod';
import { loadOntology } from '../../config/ontology/load-ontology.js';
import { clip, roundBox, type Size, type Xyxy } from '../../core/box.js';
import { BOX_DECIMALS } from '../../core/detection.js';
import { PreannotateError } from '../../core/errors.js';
import { buildOntology, type Ontology, type OntologySpec } from '../../core/ontology.js';

/** Each is a row that every patch is compared with, and a class of the page. */
const MAX_PROMPTS = 20;
const MAX_CHARACTERS = 200; // of a prompt

/** Scores of objects that look alike are higher than those of prompts. */
export const LIKE_THRESHOLD = 0.8;

const side = z.number().min(0).max(1e9);

/** What a page asks. */
export const AskedQuestion = z.union([
  z.strictObject({ prompts: z.array(z.string().max(MAX_CHARACTERS)).min(1).max(MAX_PROMPTS) }),
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
 * The question as an ontology of its own, with a class for each prompt.
 *
 * @param asked - The ontology of the run: its templates are used, as a run with the prompt would.
 * @throws PreannotateError ONTOLOGY_INVALID for prompts that are empty, or the same to the model.
 */
export async function toOntology(prompts: readonly string[], asked: OntologySpec): Promise<Ontology> {
  const mapping = {
    templates: asked.templates,
    canonical: asked.canonical ?? false,
    ...(asked.threshold === undefined ? {} : { threshold: asked.threshold }),
    classes: prompts.map((prompt) => ({ name: prompt.trim(), prompts: [prompt.trim()] })),
  };
  const { spec } = await loadOntology({ mapping, file: 'question', where: () => 'The question' });
  return buildOntology(spec);
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
