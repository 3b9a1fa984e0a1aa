import { toAsked } from '../../core/prompts/canonical-prompt.js';
import { IGNORED, textsOf } from '../../core/ontology.js';
import { excerpt } from '../../core/text.js';
import type { ConfigProblem } from '../problems.js';
import type { OntologyDraft, Written } from './draft.js';

const HOLE = 'x'; // stands for any prompt

/** A prompt, and the class it belongs to, as messages name it. */
export interface OwnedPrompt extends Written {
  readonly owner: string;
  readonly classId: number; // IGNORED for those of `ignore`
  readonly asked: string; // what the model reads of it
}

export function ownedPromptsOf({ classes, ignore, canonical }: OntologyDraft): OwnedPrompt[] {
  const owned = (prompts: readonly Written[], owner: string, classId: number) =>
    prompts.map((prompt) => ({ ...prompt, owner, classId, asked: toAsked(prompt.text, canonical) }));
  return [
    ...classes.flatMap(({ name, prompts }, classId) => owned(prompts, `class ${quote(name)}`, classId)),
    ...owned(ignore, 'ignore', IGNORED),
  ];
}

/** Prompts of two classes that are one query to the model, and those that a class has twice. */
export function findSamePrompts(prompts: readonly OwnedPrompt[]): ConfigProblem[] {
  return findSameAsked(prompts).flatMap(([prompt, first]) => {
    const isWrittenTwice = toAsked(prompt.text, false) === toAsked(first.text, false);
    if (prompt.classId === first.classId && !isWrittenTwice) return [];
    const both = isWrittenTwice ? '' : `: both are asked as "${excerpt(first.asked)}"`;
    return {
      message:
        `${prompt.where()}: the prompt ${quote(prompt)} of ${prompt.owner} is already one of ${first.owner}, ` +
        `at ${first.where()}${both}.`,
      advice: isWrittenTwice
        ? 'A prompt can belong to one class only, and the model ignores case. Remove one of them.'
        : 'A prompt can belong to one class only. Remove one of them, or set `canonical: false` in the ontology.',
    };
  });
}

/** What is asked twice for one class, or in two templates, once it is in canonical form: it counts once. */
export function describeSameWordings(draft: OntologyDraft): string[] {
  const { templates, canonical } = draft;
  const prompts = findSameAsked(ownedPromptsOf(draft)).map(
    ([prompt, first]) =>
      `${prompt.where()}: the prompts ${quote(prompt)} and ${quote(first)} of ${first.owner} are one query: both are ` +
      `asked as "${excerpt(first.asked)}".`,
  );
  const sameTemplates = canonical
    ? findRepeats(templates, ({ text }) => textsOf(HOLE, { templates: [text], canonical })[0])
    : [];
  return [
    ...prompts,
    ...sameTemplates.map(
      ([template, first]) =>
        `${template.where()}: the templates ${quote(template)} and ${quote(first)} are one: the model is asked the ` +
        'same with both.',
    ),
  ];
}

function findSameAsked(prompts: readonly OwnedPrompt[]): [OwnedPrompt, OwnedPrompt][] {
  return findRepeats(
    prompts.filter((prompt) => prompt.asked !== ''),
    ({ asked }) => asked,
  );
}

/** Each item whose key an earlier item has, with the first one that has it. */
export function findRepeats<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => unknown,
): [repeat: Item, first: Item][] {
  const seen = new Map<unknown, Item>();
  return items.flatMap((item): [Item, Item][] => {
    const first = seen.get(keyOf(item));
    if (first !== undefined) return [[item, first]];
    seen.set(keyOf(item), item);
    return [];
  });
}

export function quote({ text }: Written): string {
  return `"${excerpt(text)}"`;
}
