import { join } from 'node:path';
import { readTextFile } from '../../disk/regular-file.js';
import { listBelow } from '../reading/files/list-below.js';
import { toDataSetError } from '../reading/errors.js';
import { fromXmlName } from '../xml/escape.js';
import { LABEL_MAP, NAME_COMMENT } from './write.js';

export const MAX_LIST_BYTES = 256 << 20; // a million names

/** Which images of which class are in a part, or the union of two parts. */
const NO_PART = /_(?:train|val|trainval|test)\.txt$|^trainval\.txt$/;

/** Whether a file in `ImageSets/Main` lists the images of a part. @param name - `train.txt` */
export function isDivision(name: string): boolean {
  return !NO_PART.test(name);
}

/** The part of each image, by its path without ending, from the lists in `ImageSets/Main`. */
export async function readParts(root: string): Promise<ReadonlyMap<string, string>> {
  const folder = join(root, 'ImageSets', 'Main');
  const parts = new Map<string, string>();
  const lists = await listBelow(folder, '.txt').catch(() => []); // many data sets have none
  for (const list of lists.filter(isDivision)) {
    const part = list.slice(0, -'.txt'.length);
    for (const line of await readLines(join(folder, list))) if (!parts.has(line)) parts.set(line, part);
  }
  return parts;
}

/** The classes that CVAT, Datumaro and this program list beside the annotations. */
export async function readLabelMap(root: string): Promise<string[]> {
  const lines = await readLines(join(root, LABEL_MAP)).catch(() => []);
  const names = lines.map((line) => {
    if (line.startsWith(NAME_COMMENT)) return fromXmlName(line.slice(NAME_COMMENT.length));
    return line.startsWith('#') ? '' : line.split(':')[0]!;
  });
  return names.filter((name) => name !== '' && name !== 'background');
}

async function readLines(path: string): Promise<string[]> {
  try {
    const text = await readTextFile(path, MAX_LIST_BYTES);
    const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
    return lines.map((line) => line.trim()).filter((line) => line !== '');
  } catch (error) {
    throw toDataSetError(path, error);
  }
}
