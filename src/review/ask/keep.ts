import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { stringify } from 'yaml';
import { addQueries, type AddedQueries } from '../../config/ontology/edit/add-queries.js';
import { editThresholds } from '../../config/ontology/edit/thresholds.js';
import { foldName } from '../../config/ontology/edit/text-edits.js';
import { formOf, toFullForm } from '../../config/ontology/edit/to-full-form.js';
import type { FileEdit } from '../../config/ontology/edit/save-file.js';
import { loadOntology } from '../../config/ontology/load-ontology.js';
import { foldSpace } from '../../core/prompts/canonical-prompt.js';
import { needsFullForm } from '../../core/gallery/ask.js';
import type { OntologySpec } from '../../core/ontology.js';
import { printable } from '../../core/text.js';
import { digestOfFile } from '../../disk/cache.js';
import { displayPath } from '../../disk/display-path.js';
import { RequestError } from '../../http/request-error.js';
import { findOntologyDifferences } from '../../run/compare/ontology-difference.js';
import { findRunRoot } from '../../run/image-root.js';
import type { OpenedRun } from '../../run/open-run.js';
import { changedError } from '../images/file-versions.js';
import type { LikeThis } from './question.js';

/** What is kept of a question, and as what. */
export interface Wanted {
  readonly class: string;
  readonly threshold?: number | undefined; // that the class gets, a new one or one that is there
  readonly found: { readonly prompts: readonly string[] } | { readonly like: LikeThis };
}

/** An ontology, as its file has it and as it is to be. */
export interface PlannedEdit extends FileEdit {
  readonly isWritten: boolean; // already, by an earlier attempt that was cut short
}

/** Where a run and its images are. */
export interface RunPlace {
  readonly outDir: string;
  readonly imagesRoot: string | undefined; // absolute; where they are now, if they were moved
  readonly run: OpenedRun;
}

/**
 * Edits the ontology of a run, and writes nothing yet. A short form that has no place for what is kept becomes the full
 * one.
 *
 * @param file - Absolute path of the ontology.
 * @param command - That brings the run up to date with the file, for messages.
 * @throws PreannotateError ONTOLOGY_INVALID, USAGE where the file has changed since the run
 */
export async function planEdit(
  file: string,
  wanted: Wanted,
  { place, command }: { place: RunPlace; command: string },
): Promise<PlannedEdit> {
  const added = await toAdded(wanted, place, dirname(file));
  const before = await readFile(file, 'utf8');
  const { spec } = await loadOntology({ file });
  const name = printable(displayPath(file));
  const differs = findOntologyDifferences(unnumbered(place.run.ontology), unnumbered(spec)).length > 0;
  if (differs) {
    if (holds(spec, added)) return { path: file, before, after: before, isWritten: true };
    const message = `${name} was changed since the run, which has to be brought up to date first: ${command}`;
    throw new RequestError('USAGE', message);
  }
  const mark = before.startsWith('\ufeff') ? '\ufeff' : '';
  const after = mark + addTo(before.slice(mark.length), added, name);
  return { path: file, before, after, isWritten: false };
}

/** The ontology of the run with what is kept, in full form, for a file of its own. */
export async function toYaml({ place, wanted }: { place: RunPlace; wanted: Wanted }): Promise<string> {
  const { ontology } = place.run;
  const { templates, canonical = true, threshold, classes, ignore } = ontology;
  const plain = classes.map(({ name, id, prompts, examples = [], threshold: own }) => ({
    ...{ name, id },
    ...(prompts.length === 0 ? {} : { prompts }),
    ...(examples.length === 0 ? {} : { examples: examples.map(({ sha256: _, ...example }) => example) }),
    ...(own === undefined ? {} : { threshold: own }),
  }));
  const text = stringify(
    {
      ...(templates.length === 0 ? {} : { templates }),
      ...(canonical ? {} : { canonical }),
      ...(threshold === undefined ? {} : { threshold }),
      classes: plain,
      ...(ignore.length === 0 ? {} : { ignore }),
    },
    { lineWidth: 0 },
  );
  return addTo(text, await toAdded(wanted, place, process.cwd()), 'The ontology');
}

/** Adds what is kept, with the threshold that its class gets. */
function addTo(text: string, added: AddedQueries, name: string): string {
  const full = needsFullForm(formOf(text), added) ? toFullForm(text, name) : text;
  const edited = addQueries(full, added, name);
  if (added.threshold === undefined) return edited;
  return editThresholds(edited, { byClass: new Map([[foldName(added.class), added.threshold]]) }, name);
}

/** An example is named by the path from the ontology's folder to the image. */
async function toAdded({ class: name, threshold, found }: Wanted, place: RunPlace, folder: string) {
  const own = { class: foldSpace(name), threshold };
  if ('prompts' in found) return { ...own, prompts: found.prompts.map(foldSpace) } satisfies AddedQueries;
  const { image, box } = found.like;
  const file = join(await requireRoot(place), image.name);
  const sha256 = await digestOfFile(file, createHash('sha256')).catch(() => undefined);
  if (sha256 !== image.sha256) throw changedError(image.name);
  const path = relative(folder, file);
  return { ...own, prompts: [], example: { image: path.replaceAll(sep, '/'), box } } satisfies AddedQueries;
}

async function requireRoot({ outDir, run, imagesRoot }: RunPlace): Promise<string> {
  const found = await findRunRoot(outDir, run, imagesRoot);
  if (found !== undefined) return found;
  throw new RequestError('USAGE', 'An example is a file on this machine, and the images of this run are not here.');
}

/** Whether an ontology has what would be added. */
function holds({ classes }: OntologySpec, added: AddedQueries): boolean {
  const own = classes.find(({ name }) => name === added.class);
  const { example } = added;
  const isExample = (one: { image: string; box?: readonly number[] }) =>
    one.image === example?.image && one.box?.join() === example.box.join();
  return (
    own !== undefined &&
    (added.threshold === undefined || own.threshold === added.threshold) &&
    added.prompts.every((prompt) => own.prompts.includes(prompt)) &&
    (example === undefined || (own.examples ?? []).some(isExample))
  );
}

/** Numbers that a file does not give are those of the run. */
function unnumbered(spec: OntologySpec): OntologySpec {
  return { ...spec, classes: spec.classes.map((one, index) => ({ ...one, id: index + 1 })) };
}
