import type { Xyxy } from '../../core/box.js';
import { excerpt } from '../../core/text.js';

/** A text, and where it was written. */
export interface Written {
  readonly text: string;
  readonly where: () => string;
}

/** An example as it was written; its file has not been read. */
export interface DraftExample {
  readonly image: string;
  readonly box?: Xyxy;
  readonly where: (part?: 'box') => string;
}

export interface DraftClass {
  readonly name: Written;
  readonly id?: number;
  readonly prompts: readonly Written[];
  readonly examples: readonly DraftExample[];
  readonly threshold?: number;
  readonly where: (part: 'id' | 'prompts') => string;
}

/** An ontology as its source states it: well-formed, but possibly contradictory. */
export interface OntologyDraft {
  readonly templates: readonly Written[];
  readonly canonical: boolean; // what the model is asked is made canonical
  readonly threshold?: number;
  readonly classes: readonly DraftClass[];
  readonly ignore: readonly Written[];
  readonly ignoreExamples: readonly DraftExample[];
  readonly notes: readonly string[]; // what was probably meant otherwise
  readonly where: () => string; // of the whole
}

/** Those of the classes, in order, then those that are ignored. */
export function examplesOf({ classes, ignoreExamples }: OntologyDraft): DraftExample[] {
  return [...classes.flatMap(({ examples }) => examples), ...ignoreExamples];
}

/** Parses --class flags: `bottle=a bottle,glass bottle`, or `bottle` for the prompt "bottle". */
export function parseClassFlags(flags: readonly string[]): OntologyDraft {
  const classes = flags.map((flag): DraftClass => {
    const where = () => `--class "${excerpt(flag)}"`;
    const written = (text: string): Written => ({ text, where });
    const [name, prompts] = split(flag);
    return { name: written(name), prompts: prompts.map(written), examples: [], where };
  });
  return { templates: [], canonical: true, classes, ignore: [], ignoreExamples: [], notes: [], where: () => '--class' };
}

function split(flag: string): [name: string, prompts: string[]] {
  const equals = flag.indexOf('=');
  if (equals === -1) return [flag.trim(), [flag.trim()]];
  const prompts = flag.slice(equals + 1).trim();
  return [flag.slice(0, equals).trim(), prompts === '' ? [] : prompts.split(',').map((prompt) => prompt.trim())];
}
