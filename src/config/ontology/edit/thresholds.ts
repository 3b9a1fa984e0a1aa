import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Pair, type Scalar } from 'yaml';
import { excerpt } from '../../../core/text.js';
import { problemsError } from '../../problems.js';
import { parseOntologyText } from '../class-list.js';
import { parseOntology } from '../parse.js';
import { applyEdits, columnOf, endOf, endOfLine, findPair, foldName, type Block, type TextEdit } from './text-edits.js';

/** Thresholds to be written. */
export interface ThresholdEdits {
  readonly common?: number | undefined; // for classes without their own
  readonly byClass: ReadonlyMap<string, number>; // by name
}

/** A line of a file that becomes another one, or is added. */
export interface ChangedLine {
  readonly line: number; // from 1, in the old file
  readonly before?: string; // undefined for one that is added after `line`
  readonly after: string;
}

/**
 * Writes thresholds into the text of an ontology in full form. All else stays as it is, to the character: comments,
 * order, quotes and line ends.
 *
 * @param name - Of the file, for messages.
 * @throws PreannotateError ONTOLOGY_INVALID for what has no place for thresholds: a short form, or a class that is an
 *   alias.
 */
export function editThresholds(text: string, { common, byClass }: ThresholdEdits, name: string): string {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => `${name}:${lines.linePos(offset).line}`;
  const root = document.contents;
  const classes = isMap(root) ? root.get('classes', true) : undefined;
  if (!isMap(root) || !isSeq(classes)) throw shortFormError(name);
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const setIn = (map: Block, value: number, after: string) => setThreshold(map, { value, after, text, eol });
  const edits = classes.items.flatMap((item): TextEdit[] => {
    if (isAlias(item)) {
      const wanted = item.resolve(document);
      const title = isMap(wanted) ? wanted.get('name') : undefined;
      if (typeof title === 'string' && byClass.has(title)) throw aliasError(at(item.range![0]), title);
      return [];
    }
    if (isScalar(item)) return replaceName(item, byClass);
    if (!isMap(item)) return [];
    const title = item.get('name');
    const value = typeof title === 'string' ? byClass.get(foldName(title)) : undefined;
    if (value === undefined) return [];
    if (item.items.some(({ key }) => isScalar(key) && key.value === '<<')) {
      throw aliasError(at(item.range![0]), String(title));
    }
    return [setIn(item as Block, value, 'name')];
  });
  const whole = common === undefined ? [] : [setBefore(root as Block, { value: common, key: 'classes', text, eol })];
  const edited = applyEdits(text, [...edits, ...whole]);
  assertWritten([text, edited], { common, byClass }, name);
  return edited;
}

/** Whether the text of an ontology has a place for thresholds: it is in full form. */
export function hasThresholds(text: string): boolean {
  const { contents } = parseDocument(text, { prettyErrors: false });
  return isMap(contents) && isSeq(contents.get('classes', true));
}

/** The lines that differ. Edits change lines or add some, and never move any. */
export function listChangedLines(before: string, after: string): ChangedLine[] {
  const [old, now] = [before, after].map((text) => text.split(/\r?\n/)) as [string[], string[]];
  const changes: ChangedLine[] = [];
  let line = 0;
  for (const [i, text] of now.entries()) {
    if (old[line] === text) line++;
    else if (now.length - i > old.length - line) changes.push({ line, after: text });
    else changes.push({ line: line + 1, before: old[line++]!, after: text });
  }
  return changes;
}

/** In place of the value that is there, else as a line of its own below the key `after`, or as the last of `{ … }`. */
function setThreshold(
  map: Block,
  { value, after, text, eol }: { value: number; after: string; text: string; eol: string },
): TextEdit {
  const present = findPair(map, 'threshold');
  if (present !== undefined) return replaceValue(present, value);
  if (map.flow === true) {
    const end = endOf(map.items.at(-1)!);
    return { from: end, to: end, text: `, threshold: ${value}` };
  }
  const pair = findPair(map, after)!;
  const indent = columnOf(pair.key.range![0], text);
  const end = endOfLine(endOf(pair), text);
  return { from: end, to: end, text: `${eol}${' '.repeat(indent)}threshold: ${value}` };
}

/** As {@link setThreshold}, above a key. */
function setBefore(
  map: Block,
  { value, key, text, eol }: { value: number; key: string; text: string; eol: string },
): TextEdit {
  const present = findPair(map, 'threshold');
  if (present !== undefined) return replaceValue(present, value);
  const start = findPair(map, key)!.key.range![0];
  const separator = map.flow === true ? ', ' : `${eol}${' '.repeat(columnOf(start, text))}`;
  return { from: start, to: start, text: `threshold: ${value}${separator}` };
}

function replaceValue({ value: node }: Pair<Scalar>, value: number): TextEdit {
  const [from, to] = (node as Scalar).range!;
  return { from, to, text: String(value) };
}

/** A name alone is its own prompt. */
function replaceName(item: Scalar, byClass: ThresholdEdits['byClass']): TextEdit[] {
  const value = byClass.get(foldName(String(item.value)));
  if (value === undefined) return [];
  const [from, to] = item.range!;
  const source = item.source ?? '';
  const isPlain = item.type === 'PLAIN' && !/[,[\]{}]/.test(source);
  const name = isPlain ? source : JSON.stringify(item.value);
  return [{ from, to, text: `{ name: ${name}, prompts: [${name}], threshold: ${value} }` }];
}

/** Reads the result again: everything is as it should be, or nothing is written. */
function assertWritten([before, after]: readonly [string, string], edits: ThresholdEdits, name: string): void {
  const { common, byClass } = edits;
  const [old, now] = [readThresholds(before, name), readThresholds(after, name)];
  const missing = [...byClass.keys()].find((title) => !old.byClass.has(title));
  if (missing !== undefined) {
    const message = `${name}: there is no class "${excerpt(missing)}" that a threshold could be written for.`;
    throw problemsError('ONTOLOGY_INVALID', [{ message, advice: 'Give the ontology of this run.' }]);
  }
  const wrong = [...old.byClass].find(([title, threshold]) => {
    return now.byClass.get(title) !== (byClass.get(title) ?? threshold);
  });
  if (wrong !== undefined || now.common !== (common ?? old.common)) {
    const message = `${name} cannot be changed in place: thresholds in it depend on each other (&, *).`;
    throw problemsError('ONTOLOGY_INVALID', [{ message, advice: 'Write every threshold out.' }]);
  }
}

function readThresholds(text: string, name: string) {
  const file = parseOntologyText(text, { name, code: 'ONTOLOGY_INVALID' });
  const { threshold, classes } = parseOntology(file.value, file);
  return { common: threshold, byClass: new Map(classes.map((one) => [foldName(one.name.text), one.threshold])) };
}

function shortFormError(name: string) {
  const message = `${name} has no list of classes in full form, and so no place for a threshold of each.`;
  const advice =
    'Without --write, the full form is printed: `> tuned.yaml` saves it, and later runs take --ontology tuned.yaml.';
  return problemsError('ONTOLOGY_INVALID', [{ message, advice }]);
}

function aliasError(where: string, title: string) {
  const message = `${where}: the class "${excerpt(title)}" uses an alias (* or <<): its threshold cannot be written.`;
  return problemsError('ONTOLOGY_INVALID', [{ message, advice: 'Write the class out in place of the alias.' }]);
}
