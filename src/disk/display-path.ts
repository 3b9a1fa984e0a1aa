import { isAbsolute, relative, sep } from 'node:path';

/** A path as messages show it: from here if it is below, else in full. */
export function displayPath(path: string, cwd = process.cwd()): string {
  const below = relative(cwd, path);
  return below === '' || below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below) ? path : below;
}
