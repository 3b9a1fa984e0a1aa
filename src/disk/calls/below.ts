import { join, sep } from 'node:path';

/**
 * The path of a file in a folder. Unlike `join`, it leaves both parts as they are, which costs a tenth: views have a
 * million files.
 *
 * @param folder - Absolute.
 * @param path - Relative, with forward slashes, and without `.`, `..` or empty parts.
 */
export function below(folder: string, path: string): string {
  return sep === '/' ? `${folder}/${path}` : join(folder, path);
}
