import { PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';

/** How images of two data sets were recognised as the same. */
export type NameRule = 'name' | 'end of the path' | (typeof BY_FILE_NAME)[number][0];

/** What Label Studio puts before the names of files that were uploaded. */
const UPLOAD_DIGITS = /^[0-9a-f]{8}-(?=.)/;

/** Labels without images have names without endings, and uploads have digits before theirs. */
const BY_FILE_NAME = [
  ['file name', findSame, lastPart],
  ['file name without ending', findSameStem, lastPart],
  ['file name without upload digits', findSame, lastWithoutDigits],
  ['file name without ending and upload digits', findSameStem, lastWithoutDigits],
] as const;

export interface NamePairs {
  readonly rule: NameRule; // of all pairs
  readonly pairs: ReadonlyMap<string, string>; // the first side's name -> the second's
}

/**
 * Pairs images by name. The longest part of names that any two have in common decides for all: whole names; else the
 * end of one that is all of the other; else the last part; else what is left of it without an ending, or without the
 * digits before the name of an upload.
 *
 * @throws PreannotateError DATA_SET_INVALID where several images could be meant.
 */
export function pairNames(first: Iterable<string>, second: Iterable<string>): NamePairs {
  const [ours, theirs] = [[...first], [...second]];
  const known = new Set(theirs);
  const same = ours.filter((name) => known.has(name));
  if (same.length > 0) return { rule: 'name', pairs: new Map(same.map((name) => [name, name])) };
  const byLast = groupBy(theirs, lastPart);
  const ends = findPairs(ours, (name) => (byLast.get(lastPart(name)) ?? []).filter((other) => isEnd(name, other)));
  if (ends.size > 0) return { rule: 'end of the path', pairs: requireUnique(ends) };
  for (const [rule, find, keyOf] of BY_FILE_NAME) {
    const found = find(ours, theirs, keyOf);
    if (found.size > 0) return { rule, pairs: requireUnique(found) };
  }
  return { rule: 'file name', pairs: new Map() };
}

type Candidates = Map<string, string[]>;

function findSame(ours: readonly string[], theirs: readonly string[], keyOf: (name: string) => string): Candidates {
  const byKey = groupBy(theirs, keyOf);
  return findPairs(ours, (name) => byKey.get(keyOf(name)) ?? []);
}

/**
 * Names of which one without its ending is the other; only for what is left, both without theirs. The label `cam1.0012`
 * of `cam1.0012.jpg` has no ending.
 */
function findSameStem(ours: readonly string[], theirs: readonly string[], keyOf: (name: string) => string): Candidates {
  const stemOfKey = (name: string) => stemOf(keyOf(name));
  const [byKey, byStem] = [groupBy(theirs, keyOf), groupBy(theirs, stemOfKey)];
  const found = findPairs(ours, (name) => [
    ...new Set([...(byStem.get(keyOf(name)) ?? []), ...(byKey.get(stemOfKey(name)) ?? [])]),
  ]);
  const taken = new Set([...found.values()].flat());
  const others = ours.filter((name) => !found.has(name));
  const rest = findPairs(others, (name) => (byStem.get(stemOfKey(name)) ?? []).filter((other) => !taken.has(other)));
  return new Map([...found, ...rest]);
}

function findPairs(names: readonly string[], candidatesOf: (name: string) => string[]): Candidates {
  const found = names.map((name) => [name, candidatesOf(name)] as const);
  return new Map(found.filter(([, candidates]) => candidates.length > 0));
}

function requireUnique(found: ReadonlyMap<string, readonly string[]>): Map<string, string> {
  const pairs = new Map<string, string>();
  const takenBy = new Map<string, string>();
  for (const [name, candidates] of found) {
    const [other, another] = candidates as [string, ...string[]];
    if (another !== undefined) throw ambiguousError(name, [other, another]);
    const earlier = takenBy.get(other);
    if (earlier !== undefined) throw ambiguousError(other, [earlier, name]);
    takenBy.set(other, name);
    pairs.set(name, other);
  }
  return pairs;
}

function isEnd(a: string, b: string): boolean {
  return a.endsWith(`/${b}`) || b.endsWith(`/${a}`);
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function lastWithoutDigits(name: string): string {
  return lastPart(name).replace(UPLOAD_DIGITS, '');
}

function stemOf(file: string): string {
  return file.replace(/(?<=.)\.\w{1,4}$/, '');
}

function groupBy(names: readonly string[], keyOf: (name: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const group = groups.get(keyOf(name));
    if (group === undefined) groups.set(keyOf(name), [name]);
    else group.push(name);
  }
  return groups;
}

function ambiguousError(name: string, others: readonly [string, string]): PreannotateError {
  return new PreannotateError({
    code: 'DATA_SET_INVALID',
    message:
      `The image ${printable(name)} could be ${others.map(printable).join(' or ')}: ` +
      'no name is the same on both sides.',
    hint: 'Give the images of one side the paths that they have on the other, relative to one folder.',
  });
}
