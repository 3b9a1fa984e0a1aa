import type { Xyxy } from './box.js';
import { canonicalise } from './prompts/canonical-prompt.js';

/** A picture of what to find: all of it, or the object in a box. */
export interface Example {
  readonly image: string; // path as it was written, relative to the ontology's folder
  readonly box?: Xyxy; // pixels of the upright image
  readonly sha256: string; // of the image's bytes
}

/** What the annotator wants found: by prompts, by examples, or both. */
export interface OntologyClass {
  readonly name: string;
  readonly id: number; // as files number it, from 1; never changes once a run has used it
  readonly prompts: readonly string[];
  readonly examples?: readonly Example[]; // none when left out
  readonly threshold?: number; // on scores; else the ontology's, else `score_threshold`
}

/** A prompt or an example as the model sees it: one embedding, a prompt's averaged over its texts. */
export interface Query {
  readonly prompt: string; // of an example, what results call it: {@link labelOf}
  // as the model is asked: the prompt in each template, or the prompt itself where there is none; none of an example
  readonly texts: readonly string[];
  readonly example?: Example;
  readonly classId: number; // index into `classes`, or IGNORED
}

/** Where an ontology was written, for messages: `file:line:column`, a flag, or a JSON pointer. */
export interface OntologyPlaces {
  readonly whole: string;
  readonly byLabel: Readonly<Record<string, string>>; // of prompts, and of examples by {@link labelOf}
}

/** Class of the queries that compete for a box and whose boxes are dropped. */
export const IGNORED = -1;

/** What an ontology file says, once validated; this form is stored in run.json and in the journal. */
export interface OntologySpec {
  readonly templates: readonly string[]; // each holds {} once; empty: prompts stand alone
  readonly canonical?: boolean; // the model is asked canonical texts; left out, as by version 0.1: what was written
  readonly threshold?: number;
  readonly classes: readonly OntologyClass[];
  readonly ignore: readonly string[];
  readonly ignoreExamples?: readonly Example[]; // none when left out
}

/** Classes, and the queries that look for them. Many queries map to one class, never one query to two. */
export interface Ontology extends OntologySpec {
  readonly queries: readonly Query[];
}

/**
 * Puts every prompt into every template, and brings the texts into canonical form if the ontology says so. Queries are
 * ordered by class, then prompt, then example; ignored ones come last.
 */
export function buildOntology(spec: OntologySpec): Ontology {
  const queriesOf = (classId: number, prompts: readonly string[], examples: readonly Example[] = []): Query[] => [
    ...prompts.map((prompt) => ({ prompt, texts: textsOf(prompt, spec), classId })),
    ...examples.map((example) => ({ prompt: labelOf(example), texts: [], example, classId })),
  ];
  const wanted = spec.classes.flatMap(({ prompts, examples }, classId) => queriesOf(classId, prompts, examples));
  return { ...spec, queries: [...wanted, ...queriesOf(IGNORED, spec.ignore, spec.ignoreExamples)] };
}

/**
 * What results give as the prompt of a box that an example won: `example: bottle.png`, or with a box
 * `example: yard.jpg [10, 20, 200, 340]`.
 */
export function labelOf({ image, box }: Pick<Example, 'image' | 'box'>): string {
  return `example: ${image}${box === undefined ? '' : ` [${box.join(', ')}]`}`;
}

/** Where a prompt was written, or an example by its label. */
export function findPlace({ whole, byLabel }: OntologyPlaces, label: string): string {
  return Object.hasOwn(byLabel, label) ? byLabel[label]! : whole;
}

/** The part of an ontology that is written into files. */
export function specOf({ templates, canonical, threshold, classes, ignore, ignoreExamples }: Ontology): OntologySpec {
  return {
    templates,
    ...(canonical === undefined ? {} : { canonical }),
    ...(threshold === undefined ? {} : { threshold }),
    classes,
    ignore,
    ...(ignoreExamples === undefined ? {} : { ignoreExamples }),
  };
}

/** What the text encoder reads for a prompt. Templates whose texts become equal count once. */
export function textsOf(
  prompt: string,
  { templates, canonical = false }: Pick<OntologySpec, 'templates' | 'canonical'>,
) {
  const filled = templates.length === 0 ? [prompt] : templates.map((template) => template.replace('{}', () => prompt));
  return canonical ? [...new Set(filled.map(canonicalise))] : filled;
}

/** Whether the model is asked several texts for some prompt, whose mean is taken. */
export function hasSeveralTexts(spec: OntologySpec): boolean {
  const prompts = [...spec.classes.flatMap(({ prompts }) => prompts), ...spec.ignore];
  return prompts.some((prompt) => textsOf(prompt, spec).length > 1);
}
