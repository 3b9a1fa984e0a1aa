import { posix } from 'node:path';

/**
 * The name of an image as annotation files state it, as a path that stays below the folder of the images: with forward
 * slashes. Of an absolute path, or one that leaves the folder, the last part.
 */
export function toImageName(stated: string): string {
  const path = /^[a-z]:\\/i.test(stated) ? toSlashes(stated) : stated;
  const parts = posix.normalize(path).split('/');
  const isBelow = !path.startsWith('/') && !/^[a-z]:$/i.test(parts[0]!) && parts[0] !== '..';
  return isBelow ? parts.join('/') : parts.at(-1)!;
}

/** A path that a program may have written on Windows. */
export function toSlashes(stated: string): string {
  return stated.includes('/') ? stated : stated.replaceAll('\\', '/');
}
