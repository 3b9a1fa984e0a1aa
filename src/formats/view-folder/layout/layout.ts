import type { Layout } from '../../format.js';

/**
 * How many folders with the name of the subfolder a path of the earlier layout begins with, below its tree:
 * `labels/train/a.txt`, of the image `train/a.jpg`, has one.
 *
 * @returns undefined for a path outside the trees.
 */
export function depthOf(path: string, { trees, subfolder }: Layout): number | undefined {
  const [tree = '', ...parts] = path.split('/');
  if (parts.length === 0 || !trees.includes(tree)) return undefined;
  const depth = parts.findIndex((part) => part !== subfolder);
  return depth === -1 ? parts.length - 1 : depth; // the last part is a file
}

/** Where a file of the earlier layout is now: one folder deeper. */
export function pathInLayout(path: string, layout: Layout): string {
  if (depthOf(path, layout) === undefined) return path;
  const [tree, ...parts] = path.split('/');
  return [tree, layout.subfolder, ...parts].join('/');
}
