import { isMap, isSeq, parseDocument, type Node } from 'yaml';
import type { OntologyForm } from '../../../core/gallery/ask.js';
import { problemsError } from '../../problems.js';
import { isDataYaml } from '../data-yaml.js';
import type { OntologyDraft } from '../draft.js';
import { attachComments, type Comments, type Element } from './comments.js';
import { areSameClasses, classesOf, readDraft } from './read-classes.js';
import { findPair, scalarText, type Block } from './text-edits.js';

/** A list of prompts that is longer is written with a prompt a line. */
const MAX_WIDTH = 100;

/** @param text - Of an ontology that can be read. */
export function formOf(text: string): OntologyForm {
  const document = parseDocument(text, { prettyErrors: false });
  const root = document.contents;
  if (!isMap(root)) return 'names';
  if (findPair(root as Block, 'classes') !== undefined) return 'full';
  return isDataYaml(document.toJS()) ? 'data.yaml' : 'short';
}

/**
 * Writes an ontology of names alone, or in short form, in full form. Comments stay with the class or prompt that they
 * stand above or behind; those at the beginning and at the end stay there.
 *
 * @param name - Of the file, for messages.
 */
export function toFullForm(text: string, name: string): string {
  const form = formOf(text);
  if (form === 'full' || form === 'data.yaml') throw new Error(`the form "${form}" is not converted`);
  const draft = readDraft(text, name);
  const lines = form === 'names' ? fromNames(text) : fromShortForm(text, draft);
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const full = `${lines.join(eol).trimEnd()}${eol}`;
  if (areSameClasses(classesOf(draft), classesOf(readDraft(full, name)))) return full;
  const message = `${name} cannot be written in full form.`;
  const advice = 'Write it so by hand (classes: [{name, prompts, threshold}]), and run again.';
  throw problemsError('ONTOLOGY_INVALID', [{ message, advice }]);
}

/** Each name stands for a class that is its own prompt, in full form too. */
function fromNames(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd());
  const isName = (line: string) => line !== '' && !line.startsWith('#');
  const first = lines.findIndex(isName);
  const items = lines.slice(first).map((line) => {
    if (line === '') return '';
    return isName(line) ? `  - ${scalarText(line)}` : `  ${line}`;
  });
  return [...lines.slice(0, first), 'classes:', ...items];
}

function fromShortForm(text: string, { classes }: OntologyDraft): string[] {
  const root = parseDocument(text, { prettyErrors: false }).contents as Block;
  const comments = attachComments(text, listElements(root, text));
  const holdsLists = root.items.some(({ value }) => isSeq(value));
  const items = classes.flatMap(({ name, prompts }, i) => {
    const asked = prompts.map((prompt, j) => {
      return { text: prompt.text, id: holdsLists ? idOf(name.text, j) : idOf(prompt.text) };
    });
    const own = holdsLists
      ? comments.takeFrom(idOf(name.text))
      : { above: comments.takeAbove(asked[0]!.id), behind: '' };
    const isFlow = holdsLists && !comments.hasFrom(asked.map(({ id }) => id));
    const [ofName, ofList] = isFlow ? ['', own.behind] : [own.behind, ''];
    return [
      ...indent(2, i === 0 ? withoutBlanks(own.above) : own.above),
      `  - name: ${scalarText(name.text.trim())}${ofName}`,
      ...promptLines(asked, comments, ofList),
    ];
  });
  return [...comments.head, 'classes:', ...items, ...indent(2, comments.takeRest())];
}

/** In one line, unless there are comments between them. */
function promptLines(
  asked: readonly { readonly text: string; readonly id: string }[],
  comments: Comments,
  behind: string,
): string[] {
  const texts = asked.map(({ text }) => scalarText(text));
  const own = asked.map(({ id }) => comments.takeFrom(id));
  const flow = `    prompts: [${texts.join(', ')}]`;
  const isBare = own.every((one) => one.above.length === 0 && one.behind === '');
  if (isBare && flow.length <= MAX_WIDTH) return [`${flow}${behind}`];
  const items = texts.flatMap((text, i) => [
    ...indent(6, withoutBlanks(own[i]!.above)),
    `      - ${text}${own[i]!.behind}`,
  ]);
  return [`    prompts:${behind}`, ...items];
}

function withoutBlanks(lines: readonly string[]): string[] {
  return lines.filter((line) => line !== '');
}

function indent(by: number, lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `${' '.repeat(by)}${line}`));
}

/** What comments can belong to: pairs, and where classes have lists of several lines, the prompts in them. */
function listElements(root: Block, text: string): Element[] {
  return root.items.flatMap(({ key, value }): Element[] => {
    const name = String(key.value);
    const own = { id: idOf(name), at: key.range![0] };
    if (!isSeq(value)) return [own];
    const [from, to] = value.range!;
    if (value.flow === true && !text.slice(from, to).includes('\n')) return [own];
    const items = value.items as Node[];
    return [own, ...items.map((item, j) => ({ id: idOf(name, j), at: item.range![0] }))];
  });
}

function idOf(...path: readonly (string | number)[]): string {
  return JSON.stringify(path);
}
