import { lstat, realpath } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { escapeExistingFolders, findExisting, nameBelow, type Place } from './existing-path.js';
import { assertExpandable, isExpandable } from './glob-limits.js';
import { isPattern, splitList, tidy, toForwardSlashes, toMicromatch } from './pattern-text.js';
import { globRule, pathRule, type Rule } from './rules.js';

/**
 * What a value of --include or --exclude can mean, most likely first: the path itself where it exists, a pattern, a
 * list of them, the same without spaces around it. There is more than one only where the names decide which.
 *
 * @throws PreannotateError USAGE for a glob with too many alternatives.
 */
export async function readPattern(given: string, option: Rule['option'], place: Place): Promise<Rule[][]> {
  const written = toForwardSlashes(given, place.separator);
  const readWhole = () => readOne(written, option, place);
  if ((await findExisting(written, place)) !== undefined) return [[await readWhole()]];
  const parts = splitList(written);
  const readParts = () => Promise.all(parts.map((part) => readOne(part, option, place)));
  if (parts.length > 1) {
    const list = await readParts();
    return isExpandable(written) ? [[await readWhole()], list] : [list];
  }
  return written === written.trim() ? [[await readWhole()]] : [[await readWhole()], await readParts()];
}

/** One pattern, which may be negated. */
async function readOne(written: string, option: Rule['option'], place: Place): Promise<Rule> {
  const isNegated = /^!(?!\()/.test(written) && (await findExisting(written, place)) === undefined;
  const meaning = { option, written, isNegated };
  const text = isNegated ? written.slice(1).trimStart() : written;
  const path = await findExisting(text, place);
  if (path !== undefined) return pathRule(path, meaning);
  assertExpandable(text);
  const pattern = await toRelative(tidy(text), place);
  const anchored = await findExisting(pattern, place);
  if (anchored !== undefined) return pathRule(anchored, meaning);
  return globRule(toMicromatch(await escapeExistingFolders(pattern, place.root)), meaning);
}

/**
 * Writes a pattern relative to the root. One that is absolute, or begins with `..`, may lead below the root; a slash at
 * the start of what is no path of this system marks the root itself, as in .gitignore.
 */
async function toRelative(pattern: string, { root }: Place): Promise<string> {
  if (!isAbsolute(pattern) && !pattern.startsWith('../')) return pattern;
  const segments = pattern.split('/');
  const fixed = segments.findIndex(isPattern);
  const lead = segments.slice(0, fixed === -1 ? segments.length - 1 : fixed).join('/');
  const rest = segments.slice(fixed === -1 ? segments.length - 1 : fixed).join('/');
  const folder = await realpath(resolve(root, lead === '' ? '/' : lead)).catch(() => undefined);
  const below = folder === undefined ? undefined : nameBelow(folder, root);
  if (below !== undefined) return below === '' ? rest : `${below}/${rest}`;
  const first = segments[1] ?? '';
  const isOfSystem = await lstat(`/${first}`).then(
    () => true,
    () => false,
  );
  return isAbsolute(pattern) && !isOfSystem ? pattern.slice(1) : pattern;
}
