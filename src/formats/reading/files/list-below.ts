import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareUtf8 } from '../../../core/text.js';
import { toDataSetError } from '../errors.js';

/**
 * The files below a folder whose names end so, in any case, as sorted paths relative to it. Links to files are listed,
 * links to folders are not followed.
 *
 * @throws PreannotateError DATA_SET_INVALID for a folder that cannot be listed
 */
export async function listBelow(folder: string, ending: string): Promise<string[]> {
  const found: string[] = [];
  const waiting = [''];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const entry of await entriesOf(join(folder, at))) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.name.toLowerCase().endsWith(ending)) found.push(path);
    }
  }
  return found.sort(compareUtf8);
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw toDataSetError(folder, error);
  }
}
