import { expandBraces, makeExpression } from './glob-limits.js';

/** What a pattern means: which names, and whether they are taken in or out. */
export interface Rule {
  readonly option: 'include' | 'exclude';
  readonly written: string; // by the user
  readonly isNegated: boolean; // `!pattern`: the opposite of what the option does
  readonly path?: string; // an existing path; else a glob
  readonly glob?: string;
  /** @param name - Of a file, relative to the root. */
  matches(name: string): boolean;
  /** Whether everything in a folder is matched. */
  matchesFolder(folder: string): boolean;
}

type Meaning = Pick<Rule, 'option' | 'written' | 'isNegated'>;

/** An existing file, or everything in an existing folder. */
export function pathRule(path: string, meaning: Meaning): Rule {
  const inside = path === '' ? '' : `${path}/`;
  const matches = (name: string) => name === path || name.startsWith(inside);
  return { ...meaning, path, matches, matchesFolder: matches };
}

/**
 * Files by a glob. One that ends in a slash, that excludes or that is negated also means folders, with everything in
 * them.
 *
 * @param glob - Relative to the root, expandable.
 */
export function globRule(glob: string, meaning: Meaning): Rule {
  const isFolder = glob.endsWith('/');
  const expression = makeExpression(expandBraces(isFolder ? glob.slice(0, -1) : glob));
  const takesFolders = isFolder || meaning.option === 'exclude' || meaning.isNegated;
  const known = new Map<string, boolean>();
  const matchesFolder = (folder: string): boolean => {
    if (folder === '') return false;
    let result = known.get(folder);
    if (result === undefined) known.set(folder, (result = expression.test(folder) || matchesFolder(parentOf(folder))));
    return result;
  };
  return {
    ...meaning,
    glob,
    matches: (name) => (!isFolder && expression.test(name)) || (takesFolders && matchesFolder(parentOf(name))),
    matchesFolder: (folder) => takesFolders && matchesFolder(folder),
  };
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}
