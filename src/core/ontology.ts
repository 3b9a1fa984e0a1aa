/** What the annotator wants found. */
export interface OntologyClass {
  readonly name: string;
  readonly id: number; // as files number it, from 1; never changes once a run has used it
  readonly prompts: readonly string[];
  readonly threshold?: number; // on scores; else the ontology's, else `score_threshold`
}

/** A prompt as the model sees it: one embedding, averaged over its texts. */
export interface Query {
  readonly prompt: string;
  readonly texts: readonly string[]; // the prompt in each template; the prompt itself where there is none
  readonly classId: number; // index into `classes`, or IGNORED
}

/** Class of the queries that compete for a box and whose boxes are dropped. */
export const IGNORED = -1;

/** What an ontology file says, once validated; this form is stored in run.json and in the journal. */
export interface OntologySpec {
  readonly templates: readonly string[]; // each holds {} once; empty: prompts stand alone
  readonly threshold?: number;
  readonly classes: readonly OntologyClass[];
  readonly ignore: readonly string[];
}

/** Classes, and the queries that look for them. Many queries map to one class, never one query to two. */
export interface Ontology extends OntologySpec {
  readonly queries: readonly Query[];
}

/** Puts every prompt into every template. Queries are ordered by class, then prompt, then ignored prompts. */
export function ontologyOf(spec: OntologySpec): Ontology {
  const query = (prompt: string, classId: number): Query => ({
    prompt,
    texts: textsOf(prompt, spec.templates),
    classId,
  });
  const wanted = spec.classes.flatMap(({ prompts }, classId) => prompts.map((prompt) => query(prompt, classId)));
  const ignored = spec.ignore.map((prompt) => query(prompt, IGNORED));
  return { ...spec, queries: [...wanted, ...ignored] };
}

/** The part of an ontology that is written into files. */
export function specOf({ templates, threshold, classes, ignore }: Ontology): OntologySpec {
  return { templates, ...(threshold === undefined ? {} : { threshold }), classes, ignore };
}

/** What the text encoder reads for a prompt. */
export function textsOf(prompt: string, templates: readonly string[]): string[] {
  return templates.length === 0 ? [prompt] : templates.map((template) => template.replace('{}', () => prompt));
}
