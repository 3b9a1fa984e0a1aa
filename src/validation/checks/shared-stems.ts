import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { isImageName, withoutEnding } from '../../formats/reading/image-names.js';
import { compareUtf8 } from '../../core/text.js';

const KEPT_FOLDERS = 4; // images come folder by folder, several at once

/** Finds images that differ from another one beside them in their endings alone. */
export class SharedStems {
  readonly #folders = new Map<string, Promise<ReadonlyMap<string, readonly string[]>>>();

  /** @returns The names of all images that have the labels of this one, sorted; undefined where it is alone. */
  async namesOf(path: string): Promise<readonly string[] | undefined> {
    const names = (await this.#list(dirname(path))).get(withoutEnding(basename(path)));
    return names !== undefined && names.length > 1 ? names : undefined;
  }

  #list(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const listed = groupByStem(folder);
    this.#folders.set(folder, listed);
    if (this.#folders.size > KEPT_FOLDERS) this.#folders.delete(this.#folders.keys().next().value!);
    return listed;
  }
}

async function groupByStem(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const groups = new Map<string, string[]>();
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter(isImageName).sort(compareUtf8)) {
    const stem = withoutEnding(name);
    groups.set(stem, [...(groups.get(stem) ?? []), name]);
  }
  return groups;
}
