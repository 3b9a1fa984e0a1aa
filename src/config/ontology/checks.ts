import { area } from '../../core/box.js';
import { asksForSomething, foldSpace } from '../../core/prompts/canonical-prompt.js';
import { labelOf } from '../../core/ontology.js';
import { excerpt } from '../../core/text.js';
import { examplesOf, type DraftClass, type DraftExample, type OntologyDraft, type Written } from './draft.js';
import { MAX_EXAMPLES, MAX_PROMPTS } from './schema.js';
import { TEMPLATE_LISTS } from './template-lists.js';
import { findRepeats, findSamePrompts, ownedPromptsOf, quote, type OwnedPrompt } from './same-prompts.js';
import type { ConfigProblem } from '../problems.js';

/** Characters that break annotation files: controls, halves of surrogate pairs, line and paragraph separators. */
export const UNFIT_FOR_NAMES = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/** What is wrong in an ontology that is well-formed: parts that are missing, empty or repeated. */
export function checkDraft(draft: OntologyDraft): ConfigProblem[] {
  const { classes, templates, canonical } = draft;
  const prompts = ownedPromptsOf(draft);
  if (classes.length === 0) return [noClassesProblem(draft)];
  if (prompts.length > MAX_PROMPTS) return [tooManyPromptsProblem(draft, prompts.length)];
  const examples = examplesOf(draft);
  if (examples.length > MAX_EXAMPLES) return [tooManyExamplesProblem(examples)];
  return [
    ...classes.flatMap(({ name }) => checkName(name)),
    ...findSameNames(classes),
    ...findSameIds(classes),
    ...classes.flatMap(checkHasPrompts),
    ...prompts.filter(isBlank).map(blankPromptProblem),
    ...(canonical ? prompts.filter(becomesEmpty).map(emptyPromptProblem) : []),
    ...findSamePrompts(prompts),
    ...examples.flatMap(checkExample),
    ...findPromptsNamedAsExamples(prompts, examples),
    ...templates.flatMap(checkTemplate),
    ...findSameTemplates(templates),
  ];
}

function noClassesProblem({ where }: OntologyDraft): ConfigProblem {
  const advice = 'Name at least one, for example "a photo of a forklift: forklift" in a file, or --class "forklift".';
  return { message: `${where()}: the ontology has no classes.`, advice };
}

function tooManyPromptsProblem({ where }: OntologyDraft, count: number): ConfigProblem {
  const advice = 'Every prompt costs time on every image. Use several ontologies and runs.';
  return { message: `${where()}: the ontology has ${count} prompts; at most ${MAX_PROMPTS} are possible.`, advice };
}

function tooManyExamplesProblem(examples: readonly DraftExample[]): ConfigProblem {
  const message =
    `${examples[MAX_EXAMPLES]!.where()}: the ontology has ${examples.length} examples; at most ` +
    `${MAX_EXAMPLES} are possible.`;
  return { message, advice: 'Keep those that differ most: every example costs time before the first image.' };
}

function checkName(name: Written): ConfigProblem[] {
  if (foldSpace(name.text) === '')
    return [{ message: `${name.where()}: a class has an empty name.`, advice: 'Give it one.' }];
  if (!UNFIT_FOR_NAMES.test(name.text)) return [];
  const advice = 'Annotation files cannot hold such names on one line; remove the character.';
  return [{ message: `${name.where()}: the class ${quote(name)} has a control character in its name.`, advice }];
}

function findSameNames(classes: readonly DraftClass[]): ConfigProblem[] {
  const fold = (name: Written) => foldSpace(name.text).normalize('NFC').toLowerCase();
  const names = classes.map(({ name }) => name).filter((name) => fold(name) !== '');
  return findRepeats(names, fold).map(([name, first]) => ({
    message: `${name.where()}: the class ${quote(name)} exists already: ${quote(first)} at ${first.where()}.`,
    advice: 'Class names must differ in more than case and Unicode form. Write all prompts of a class in one place.',
  }));
}

function findSameIds(classes: readonly DraftClass[]): ConfigProblem[] {
  const withIds = classes.filter(({ id }) => id !== undefined);
  return findRepeats(withIds, ({ id }) => id).map(([{ id, name, where }, first]) => ({
    message: `${where('id')}: the class ${quote(name)} has the id ${id!} of ${quote(first.name)}.`,
    advice: 'Give each class its own id, or leave ids out.',
  }));
}

function checkHasPrompts({ name, prompts, examples, where }: DraftClass): ConfigProblem[] {
  if (prompts.length + examples.length > 0) return [];
  const advice = `Add at least one, for example: prompts: ["a photo of a ${excerpt(name.text)}"].`;
  return [{ message: `${where('prompts')}: class ${quote(name)} has no prompts.`, advice }];
}

function isBlank({ text }: Written): boolean {
  return foldSpace(text) === '';
}

function blankPromptProblem({ owner, where }: OwnedPrompt): ConfigProblem {
  return { message: `${where()}: a prompt of ${owner} is empty.`, advice: 'Write what to look for, or remove it.' };
}

function becomesEmpty(prompt: OwnedPrompt): boolean {
  return !isBlank(prompt) && !asksForSomething(prompt.asked);
}

function emptyPromptProblem(prompt: OwnedPrompt): ConfigProblem {
  const message =
    `${prompt.where()}: nothing is left of the prompt ${quote(prompt)} of ${prompt.owner} in the form that the model ` +
    'was trained with: it has no letter and no digit.';
  return { message, advice: 'Describe it in words, or set `canonical: false` in the ontology to ask what is written.' };
}

function checkExample({ image, box, where }: DraftExample): ConfigProblem[] {
  if (image.trim() === '') return [{ message: `${where()}: an example names no image.`, advice: 'Give its path.' }];
  if (UNFIT_FOR_NAMES.test(image)) {
    const advice = 'Rename the file: its path is written into the results.';
    return [{ message: `${where()}: the path "${excerpt(image)}" has a control character in it.`, advice }];
  }
  if (box === undefined || area(box) > 0) return [];
  const advice = 'A box is [x1, y1, x2, y2] in pixels: left, top, right, bottom; not [x, y, width, height].';
  return [{ message: `${where('box')}: the box [${box.join(', ')}] is empty or its corners are swapped.`, advice }];
}

/** Results name prompts and examples, so the names must not be the same. */
function findPromptsNamedAsExamples(
  prompts: readonly OwnedPrompt[],
  examples: readonly DraftExample[],
): ConfigProblem[] {
  const labels = new Set(examples.map(labelOf));
  return prompts
    .filter(({ text }) => labels.has(foldSpace(text)))
    .map((prompt) => ({
      message: `${prompt.where()}: the prompt ${quote(prompt)} is also the name of an example in the results.`,
      advice: 'Rephrase it.',
    }));
}

function checkTemplate(template: Written): ConfigProblem[] {
  const holes = template.text.split('{}').length - 1;
  if (holes === 1) return [];
  const count = holes === 0 ? 'does not contain {}' : `contains {} ${holes} times`;
  const message = `${template.where()}: the template ${quote(template)} ${count}.`;
  const lists = Object.entries(TEMPLATE_LISTS).map(([name, { length }]) => `\`${name}\` for ${length} of the original`);
  const advice = `Write {} once, where the prompt goes, for example "a photo of a {}"; or ${lists.join(', ')}.`;
  return [{ message, advice }];
}

function findSameTemplates(templates: readonly Written[]): ConfigProblem[] {
  return findRepeats(templates, ({ text }) => text).map(([template, first]) => ({
    message: `${template.where()}: the template ${quote(template)} exists already, at ${first.where()}.`,
    advice: 'Remove one of them.',
  }));
}
