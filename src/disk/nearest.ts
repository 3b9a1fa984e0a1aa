import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { distance } from 'fastest-levenshtein';

/** Letters of a word for which one may be wrong: more, and the suggestion is usually another word. */
const LETTERS_PER_SLIP = 4;

/** Steps of a path that may be wrong at the same time. */
const MAX_WRONG_STEPS = 2;

/**
 * The known word that was probably meant: at most one letter in four differs, whatever its case. Two letters in the
 * wrong order count as one.
 */
export function findNearest(word: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = Infinity;
  const lower = word.toLowerCase();
  for (const candidate of known) {
    const allowed = Math.max(1, Math.floor(candidate.length / LETTERS_PER_SLIP));
    if (Math.abs(word.length - candidate.length) > allowed) continue; // a word may be megabytes long
    const slips = countSlips(lower, candidate.toLowerCase());
    if (slips >= fewest || slips > allowed || slips >= candidate.length) continue;
    nearest = candidate;
    fewest = slips;
  }
  return nearest;
}

function countSlips(word: string, candidate: string): number {
  const slips = distance(word, candidate);
  return slips === 2 && isSwapped(word, candidate) ? 1 : slips;
}

/** Whether two words differ by two neighbouring letters in the other order. */
function isSwapped(word: string, candidate: string): boolean {
  if (word.length !== candidate.length) return false;
  let at = 0;
  while (word[at] === candidate[at]) at++;
  const swapped = `${word.slice(0, at)}${word[at + 1] ?? ''}${word[at] ?? ''}${word.slice(at + 2)}`;
  return swapped === candidate;
}

/**
 * An existing file or folder that was probably meant by a path that does not exist.
 *
 * @returns The path as it was written, with its wrong steps replaced; undefined where nothing similar exists.
 */
export async function findNearestPath(path: string, wrongSteps = MAX_WRONG_STEPS): Promise<string | undefined> {
  const parent = dirname(path);
  if (parent === path || wrongSteps === 0) return undefined;
  const siblings = await readdir(resolve(parent)).catch(() => undefined);
  if (siblings === undefined) {
    const existing = await findNearestPath(parent, wrongSteps - 1);
    return existing === undefined ? undefined : await completePath(join(existing, basename(path)), wrongSteps - 1);
  }
  const name = basename(path);
  const isHidden = name.startsWith('.');
  const nearest = findNearest(name, siblings.filter((sibling) => sibling.startsWith('.') === isHidden).sort());
  return nearest === undefined ? undefined : join(parent, nearest);
}

/** The path itself where it exists, else what was probably meant by it. */
async function completePath(path: string, wrongSteps: number): Promise<string | undefined> {
  const siblings = await readdir(resolve(dirname(path))).catch((): string[] => []);
  return siblings.includes(basename(path)) ? path : findNearestPath(path, wrongSteps);
}
