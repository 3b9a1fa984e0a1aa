import { isAlias, isMap, isScalar, isSeq, parseDocument, type Node, type YAMLSeq } from 'yaml';
import type { Xyxy } from '../../../core/box.js';
import { excerpt } from '../../../core/text.js';
import { problemsError, type ConfigProblem } from '../../problems.js';
import { checkDraft } from '../checks.js';
import { isDataYaml } from '../data-yaml.js';
import { areSameClasses, classesOf, readDraft } from './read-classes.js';
import {
  applyEdits,
  columnOf,
  endOf,
  endOfLine,
  findPair,
  foldName,
  scalarText,
  type Block,
  type TextEdit,
} from './text-edits.js';

/** What a class is to be found by, in addition. */
export interface AddedQueries {
  readonly class: string; // one that is there, or a new one
  readonly prompts: readonly string[];
  readonly example?: { readonly image: string; readonly box: Xyxy } | undefined;
  readonly threshold?: number | undefined; // of a new class
}

/** A text that is edited. */
interface Source {
  readonly text: string;
  readonly eol: string;
  readonly name: string; // of the file, for messages
}

/**
 * Writes prompts or an example into the text of an ontology. All else stays as it is, to the character: comments,
 * order, quotes and line ends.
 *
 * @param name - Of the file, for messages.
 * @throws PreannotateError ONTOLOGY_INVALID for what the ontology has no place for, and for what contradicts it.
 */
export function addQueries(text: string, added: AddedQueries, name: string): string {
  const source = { text, eol: text.includes('\r\n') ? '\r\n' : '\n', name };
  const edited = applyEdits(text, [editFor(added, source)]);
  assertAdded([text, edited], added, name);
  return edited;
}

function editFor(added: AddedQueries, source: Source): TextEdit {
  const document = parseDocument(source.text, { prettyErrors: false });
  const root = document.contents;
  if (!isMap(root)) return addName(added, source);
  const classes = findPair(root as Block, 'classes')?.value as Node | null | undefined;
  if (classes === undefined && isDataYaml(document.toJS())) throw noPlaceError(source.name);
  if (classes === undefined) return addToShortForm(root as Block, added, source);
  if (isScalar(classes)) {
    const [from, to] = classes.range!;
    return { from, to, text: `[${source.text.slice(from, to)}, ${newClass(added)}]` };
  }
  if (!isSeq(classes)) throw noPlaceError(source.name);
  const index = classes.items.findIndex((item) => nameOf(item) === foldName(added.class));
  const item = classes.items[index];
  if (item === undefined) return append(classes as YAMLSeq<Node>, [newClassIn(classes, added, source)], source);
  if (isScalar(item)) return replaceName(item.range!, source.text.slice(...item.range!.slice(0, 2)), added);
  if (!isMap(item) || isAlias(item)) throw aliasError(source.name, added.class);
  if (item.items.some(({ key }) => isScalar(key) && key.value === '<<')) throw aliasError(source.name, added.class);
  return addToClass(item as Block, added, source);
}

/** A file of names alone. */
function addName(added: AddedQueries, { text, eol, name }: Source): TextEdit {
  const isName = added.example === undefined && added.prompts.length === 1 && added.prompts[0] === added.class;
  if (!isName) throw noPlaceError(name);
  const end = text.trimEnd().length;
  return { from: end, to: end, text: `${eol}${added.class}` };
}

/** `prompt: class`, or `class: [prompt, prompt]`. */
function addToShortForm(root: Block, added: AddedQueries, source: Source): TextEdit {
  const holdsLists = root.items.some(({ value }) => isSeq(value));
  if (added.example !== undefined) throw noPlaceError(source.name);
  if (!holdsLists) {
    const lines = added.prompts.map((prompt) => `${scalarText(prompt)}: ${scalarText(added.class)}`);
    return appendPairs(root, lines, source);
  }
  const own = root.items.find(({ key }) => isScalar(key) && foldName(String(key.value)) === foldName(added.class));
  if (own === undefined) return appendPairs(root, [`${scalarText(added.class)}: ${list(added.prompts)}`], source);
  return append(own.value as YAMLSeq<Node>, added.prompts.map(scalarText), source);
}

function addToClass(item: Block, { prompts, example }: AddedQueries, source: Source): TextEdit {
  const [key, values] =
    example === undefined
      ? (['prompts', prompts.map(scalarText)] as const)
      : (['examples', [exampleText(example)]] as const);
  const present = findPair(item, key);
  if (present === undefined) return appendPairs(item, [`${key}: [${values.join(', ')}]`], source);
  const value = present.value as Node | null;
  if (isSeq(value)) return append(value as YAMLSeq<Node>, values, source);
  if (!isScalar(value)) throw aliasError(source.name, String(item.get('name')));
  const [from, to] = value.range!;
  return { from, to, text: `[${source.text.slice(from, to).trimEnd()}, ${values.join(', ')}]` };
}

/** A name alone is its own prompt. */
function replaceName(range: readonly number[], written: string, { prompts, example }: AddedQueries): TextEdit {
  const examples = example === undefined ? '' : `, examples: [${exampleText(example)}]`;
  const own = [written, ...prompts.map(scalarText)].join(', ');
  return { from: range[0]!, to: range[1]!, text: `{ name: ${written}, prompts: [${own}]${examples} }` };
}

/** After the last item: on lines of their own, or as the last of `[ … ]`. */
function append(seq: YAMLSeq<Node>, items: readonly string[], { text, eol }: Source): TextEdit {
  const last = seq.items.at(-1);
  if (seq.flow === true || last === undefined) {
    const end = last?.range![1] ?? seq.range![0] + 1;
    return { from: end, to: end, text: (last === undefined ? '' : ', ') + items.join(', ') };
  }
  const indent = ' '.repeat(columnOf(seq.range![0], text));
  const end = endOfLine(last.range![1], text);
  return { from: end, to: end, text: items.map((item) => `${eol}${indent}- ${item}`).join('') };
}

/** The same for `key: value`. */
function appendPairs(map: Block, pairs: readonly string[], { text, eol }: Source): TextEdit {
  const last = map.items.at(-1)!;
  if (map.flow === true) return { from: endOf(last), to: endOf(last), text: `, ${pairs.join(', ')}` };
  const indent = ' '.repeat(columnOf(map.items[0]!.key.range![0], text));
  const end = endOfLine(endOf(last), text);
  return { from: end, to: end, text: pairs.map((pair) => `${eol}${indent}${pair}`).join('') };
}

function newClassIn(classes: YAMLSeq, added: AddedQueries, { text, eol }: Source): string {
  if (classes.flow === true || classes.items.length === 0) return newClass(added);
  const indent = ' '.repeat(columnOf(classes.range![0], text) + 2);
  return partsOf(added).join(`${eol}${indent}`);
}

function newClass(added: AddedQueries): string {
  return `{ ${partsOf(added).join(', ')} }`;
}

function partsOf({ class: name, prompts, example, threshold }: AddedQueries): string[] {
  return [
    `name: ${scalarText(name)}`,
    ...(prompts.length === 0 ? [] : [`prompts: ${list(prompts)}`]),
    ...(example === undefined ? [] : [`examples: [${exampleText(example)}]`]),
    ...(threshold === undefined ? [] : [`threshold: ${threshold}`]),
  ];
}

function exampleText({ image, box }: NonNullable<AddedQueries['example']>): string {
  return `{ image: ${scalarText(image)}, box: [${box.join(', ')}] }`;
}

function list(texts: readonly string[]): string {
  return `[${texts.map(scalarText).join(', ')}]`;
}

function nameOf(item: unknown): string | undefined {
  const name = isMap(item) ? item.get('name') : isScalar(item) ? item.value : undefined;
  return typeof name === 'string' ? foldName(name) : undefined;
}

/** Reads the result again: everything is as it should be, or nothing is written. */
function assertAdded([before, after]: readonly [string, string], added: AddedQueries, name: string): void {
  const [old, now] = [readDraft(before, name), readDraft(after, name)];
  const problems = checkDraft(now);
  if (problems.length > 0) throw refusedError(problems, name);
  const isNew = !old.classes.some((one) => foldName(one.name.text) === foldName(added.class));
  const hasThreshold = now.classes.some(({ threshold }) => threshold !== undefined && threshold === added.threshold);
  const own = {
    name: foldName(added.class),
    prompts: [...added.prompts],
    examples: added.example === undefined ? [] : [added.example],
    ...(isNew && hasThreshold ? { threshold: added.threshold } : {}),
  };
  const wanted = isNew
    ? [...classesOf(old), own]
    : classesOf(old).map((one) =>
        one.name === own.name
          ? { ...one, prompts: [...one.prompts, ...own.prompts], examples: [...one.examples, ...own.examples] }
          : one,
      );
  if (areSameClasses(wanted, classesOf(now))) return;
  const message = `${name} cannot be changed in place: parts of it depend on each other (&, *), or are hard to read.`;
  throw problemsError('ONTOLOGY_INVALID', [{ message, advice: 'Write the class into the file by hand.' }]);
}

/** Without line numbers: they refer to the edited text, which is not in the file yet. */
function refusedError(problems: readonly ConfigProblem[], name: string) {
  const plainly = problems.map(({ message }) => {
    const [first, ...others] = message.replaceAll(`, at ${name}:`, `, at :`).split(`${name}:`);
    const text = [first, ...others]
      .join('')
      .replace(/^\d+:\d+: /, '')
      .replace(/, at :\d+:\d+/g, '');
    return { message: `${name}: ${text}`, advice: 'Nothing was written.' };
  });
  return problemsError('ONTOLOGY_INVALID', plainly);
}

function noPlaceError(name: string) {
  const message = `${name} is in a short form that has no place for this.`;
  const advice = 'Write it in full form (classes: [{name, prompts, examples}]), and keep the result again.';
  return problemsError('ONTOLOGY_INVALID', [{ message, advice }]);
}

function aliasError(name: string, title: string) {
  const message = `${name}: the class "${excerpt(title)}" uses an alias (* or <<), and cannot be changed in place.`;
  return problemsError('ONTOLOGY_INVALID', [{ message, advice: 'Write the class out in place of the alias.' }]);
}
