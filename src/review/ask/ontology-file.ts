import { readFile } from 'node:fs/promises';
import { formOf } from '../../config/ontology/edit/to-full-form.js';
import type { OntologyFile } from '../../core/gallery/ask.js';
import { printable } from '../../core/text.js';
import { displayPath } from '../../disk/display-path.js';
import type { Rerun } from './rerun.js';

/** The file that Keep would change, as it is now; undefined where there is none, or it cannot be read. */
export async function readOntologyFile(rerun: Rerun): Promise<OntologyFile | undefined> {
  const { ontology } = rerun;
  if ('noFile' in ontology || rerun.update === undefined) return undefined;
  const text = await readFile(ontology.file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  return { name: printable(displayPath(ontology.file)), form: formOf(text) };
}

/** Why what is kept has to be saved by hand; undefined where Keep can write the ontology's file. */
export async function reasonToSaveByHand(rerun: Rerun): Promise<string | undefined> {
  if ('noFile' in rerun.ontology) return rerun.ontology.noFile;
  if (rerun.update === undefined) return 'How this run was started is not known.';
  const file = await readOntologyFile(rerun);
  if (file?.form !== 'data.yaml') return undefined;
  return `${file.name} is the data.yaml of a YOLO data set, which has no place for this, and is not changed.`;
}
