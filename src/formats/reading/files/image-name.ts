import { posix } from 'node:path';

/**
 * The name of an image as annotation files state it, as a path that stays below the folder of the images: with forward
 * slashes. Of an absolute path, one of Windows too, or one that leaves the folder, the last part.
 */
export function toImageName(stated: string): string {
  return toRelativeName(/^[a-z]:[\\/]/i.test(stated) ? toSlashes(stated).slice('C:'.length) : stated);
}

/** The same of a name that is never a path of Windows: a folder may be called `a:`. */
export function toRelativeName(stated: string): string {
  const parts = posix.normalize(stated).split('/');
  const isBelow = !stated.startsWith('/') && parts[0] !== '..';
  return isBelow ? parts.join('/') : parts.at(-1)!;
}

/** A path that a program may have written on Windows. */
export function toSlashes(stated: string): string {
  return stated.includes('/') ? stated : stated.replaceAll('\\', '/');
}
