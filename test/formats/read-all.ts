import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LabelledImage } from '../../src/core/data-set/data-set.js';
import type { EntryProblem, ReadOptions } from '../../src/formats/reading/read-options.js';
import { openDataSet } from '../../src/data-set/open.js';
import { ROOT } from '../support/model/golden.js';
import { temporaryFolder } from '../support/temporary.js';

/** All of a data set. */
export interface ReadSet {
  readonly format: string;
  readonly classes: readonly string[];
  readonly images: readonly LabelledImage[];
  readonly notes: readonly string[];
  readonly problems: readonly EntryProblem[];
}

/** Files written by hand as other tools write them. */
export function toolFile(...parts: readonly string[]): string {
  return join(ROOT, 'fixtures/data-sets', ...parts);
}

/** Opens a data set by its content; problems are collected. */
export async function readAll(path: string, options: Partial<ReadOptions> = {}): Promise<ReadSet> {
  const problems: EntryProblem[] = [];
  const sizeOf = () => Promise.resolve(undefined);
  const set = await openDataSet(path, { sizeOf, onProblem: (problem) => problems.push(problem), ...options });
  const images: LabelledImage[] = [];
  for await (const image of set.images) images.push(image);
  return { format: set.format, classes: set.classes.map(({ name }) => name), images, notes: set.notes, problems };
}

/** `a.jpg: dog 1 2 3 4`, a line each. */
export function listBoxes({ images }: ReadSet): string[] {
  return images.flatMap(({ name, boxes }) =>
    boxes.length === 0
      ? [name]
      : boxes.map(
          ({ className, box }) => `${name}: ${className} ${box.map((side) => Number(side.toFixed(3))).join(' ')}`,
        ),
  );
}

/** A folder with these files. */
export async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}
