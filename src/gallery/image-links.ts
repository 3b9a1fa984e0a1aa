import { dirname, relative, sep } from 'node:path';

const LONE = /\p{Cs}/gu; // surrogates without their other half, which have no address

/** The relative address of an image, from a page that is in a file. */
export function toLink(path: string): string {
  return path
    .split('/')
    .map((part) => (part === '..' || part === '.' ? part : encodeURIComponent(part.replaceAll(LONE, '\ufffd'))))
    .join('/');
}

/**
 * The folder of the images, from the folder of the report.
 *
 * @returns undefined where they are on different drives.
 */
export function folderFrom(report: string, root: string): string | undefined {
  const path = relative(dirname(report), root);
  if (/^[A-Za-z]:/.test(path)) return undefined;
  return path.split(sep).join('/') || '.';
}
