import { toAsked } from '../../core/prompts/canonical-prompt.js';
import { textsOf, type OntologySpec } from '../../core/ontology.js';
import { compareValues, type Difference } from './difference.js';

/** The prompts of a class, or those that are ignored. */
interface PromptList {
  readonly title: string;
  readonly prompts: readonly string[];
}

/**
 * What the model is asked otherwise for the classes that both have. Spellings, templates and canonical form may differ
 * as long as the texts and the prompts themselves come to the same, and what is asked twice counts once.
 */
export function findAskedDifferences(before: OntologySpec, now: OntologySpec): Difference[] {
  const lists = new Map(listsOf(now).map(({ title, prompts }) => [title, prompts]));
  return listsOf(before).flatMap(({ title, prompts: was }) => {
    const is = lists.get(title);
    const difference = is && findListDifference({ title, was, is }, before, now);
    return difference === undefined ? [] : [difference];
  });
}

function findListDifference(
  { title, was, is }: { title: string; was: readonly string[]; is: readonly string[] },
  before: OntologySpec,
  now: OntologySpec,
): Difference | undefined {
  if (isEqual(withoutRepeats(askedOf(was, before)), withoutRepeats(askedOf(is, now)))) return undefined;
  const alike = askedOf(was, { ...before, canonical: now.canonical === true });
  if (isEqual(alike, askedOf(is, now))) return canonicalDifference(before, now, { was, is });
  const hasSamePrompts = isEqual(alike.map(firstOf), askedOf(is, now).map(firstOf));
  const difference = hasSamePrompts
    ? compareValues('templates', before.templates, now.templates)
    : compareValues(title, was, is);
  return { ...difference, finish: adviseEarlier(before) };
}

function listsOf({ classes, ignore }: OntologySpec): PromptList[] {
  return [
    ...classes.map(({ name, prompts }) => ({ title: `prompts of class "${name}"`, prompts })),
    { title: 'ignored prompts', prompts: ignore },
  ];
}

/** Of each prompt, itself and its texts, in the form that the tokenizer reads. */
function askedOf(prompts: readonly string[], spec: OntologySpec): string[][] {
  const asked = (text: string) => toAsked(text, spec.canonical === true);
  return prompts.map((prompt) => [asked(prompt), ...textsOf(prompt, spec).map(asked)]);
}

function withoutRepeats(asked: readonly string[][]): string[] {
  return [...new Set(asked.map((texts) => JSON.stringify(texts)))];
}

/** The wording is the same, and one of the two asks it in canonical form. */
function canonicalDifference(
  before: OntologySpec,
  now: OntologySpec,
  { was, is }: { was: readonly string[]; is: readonly string[] },
): Difference {
  const at = was.findIndex((prompt, i) => !isEqual(askedOf([prompt], before), askedOf([is[i]!], now)));
  const [[, ...earlier], [, ...later]] = [askedOf([was[at]!], before)[0]!, askedOf([is[at]!], now)[0]!];
  const longer = earlier.length > later.length ? earlier : later;
  const text = longer.findIndex((_, i) => earlier[i] !== later[i]);
  const finish =
    now.canonical === true
      ? 'set `canonical: false` in the ontology (in its full form, with `classes`)'
      : 'remove `canonical: false` from the ontology';
  return {
    kind: 'value',
    of: `what the model is asked for "${is[at]!}"`,
    was: describeText(earlier[text]),
    is: describeText(later[text]),
    finish,
  };
}

function describeText(text: string | undefined): string {
  return text === undefined ? 'not asked' : JSON.stringify(text);
}

/** The way to ask as before. Version 0.1 stored no `canonical`: it always asked what was written. */
function adviseEarlier(before: OntologySpec): string {
  const allAsked = (spec: OntologySpec) => listsOf(spec).map(({ prompts }) => askedOf(prompts, spec));
  const isUnsaid =
    before.canonical === undefined && !isEqual(allAsked(before), allAsked({ ...before, canonical: true }));
  const form = isUnsaid ? ', with `canonical: false`,' : '';
  return `give the earlier ontology (run.json has it, under \`ontology\`)${form}`;
}

function firstOf(asked: readonly string[]): string {
  return asked[0]!;
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
