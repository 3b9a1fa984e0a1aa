import { resolve } from 'node:path';
import { PreannotateError } from '../../core/errors.js';
import type { Example } from '../../core/ontology.js';
import { excerpt } from '../../core/text.js';
import { readImage } from '../../images/read.js';
import { findRepeats } from './same-prompts.js';
import { examplesOf, type DraftExample, type OntologyDraft } from './draft.js';
import { problemsError, type ConfigProblem } from '../problems.js';

const MAX_EXAMPLE_BYTES = 256e6; // as --max-bytes has it by default, which the decoder looks at

/**
 * Identifies the images of examples by their content, so that a changed one is noticed.
 *
 * @param folder - That paths are relative to; without one no file is read, and examples are refused: a request over a
 *   network must not name files of this machine.
 * @throws PreannotateError ONTOLOGY_INVALID with a line for each file that cannot be read or comes twice.
 */
export async function readExamples(
  draft: OntologyDraft,
  folder: string | undefined,
): Promise<ReadonlyMap<DraftExample, Example>> {
  const [first] = examplesOf(draft);
  if (first !== undefined && folder === undefined) {
    const advice = 'Requests may contain prompts only.';
    throw problemsError('ONTOLOGY_INVALID', [{ message: `${first.where()}: examples cannot be given here.`, advice }]);
  }
  const problems: ConfigProblem[] = [];
  const read = new Map<DraftExample, Example>();
  for (const example of examplesOf(draft)) {
    const result = await readExample(example, folder!);
    if ('message' in result) problems.push(result);
    else read.set(example, result);
  }
  problems.push(...findSameExamples(draft, read));
  if (problems.length > 0) throw problemsError('ONTOLOGY_INVALID', problems);
  return read;
}

async function readExample({ image, box, where }: DraftExample, folder: string): Promise<Example | ConfigProblem> {
  try {
    const { sha256 } = await readImage(resolve(folder, image), MAX_EXAMPLE_BYTES);
    return { image, ...(box === undefined ? {} : { box }), sha256 };
  } catch (error) {
    if (!(error instanceof PreannotateError)) throw error;
    const advice = 'Paths of examples are relative to the file that names them.';
    return {
      message: `${where()}: ${error.message}`,
      advice: error.code === 'IMAGE_TOO_LARGE' ? 'Make it smaller.' : advice,
    };
  }
}

/** An image cannot be an example of two classes; twice of one class, it only costs time. */
function findSameExamples(
  { classes, ignoreExamples }: OntologyDraft,
  read: ReadonlyMap<DraftExample, Example>,
): ConfigProblem[] {
  const owned = [
    ...classes.flatMap(({ name, examples }) =>
      examples.map((draft) => ({ draft, owner: `class "${excerpt(name.text)}"` })),
    ),
    ...ignoreExamples.map((draft) => ({ draft, owner: 'ignore' })),
  ].filter(({ draft }) => read.has(draft));
  const contentOf = ({ draft }: { draft: DraftExample }) => JSON.stringify([read.get(draft)!.sha256, draft.box]);
  return findRepeats(owned, contentOf).map(([{ draft, owner }, first]) => ({
    message:
      `${draft.where()}: the example "${draft.image}" of ${owner} is already one of ${first.owner}, at ` +
      `${first.draft.where()}.`,
    advice: 'An example can belong to one class only. Remove one of them.',
  }));
}
