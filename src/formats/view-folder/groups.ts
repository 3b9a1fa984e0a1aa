import type { FileGroup } from './record/record-lines.js';
import type { Staging } from './staging.js';
import type { ViewFile, ViewFileGroup } from './view-file.js';

/** The files of prepared groups that are still where they were staged. */
export async function* listUnplaced(staging: Staging, groups: AsyncIterable<FileGroup>): AsyncGenerator<ViewFileGroup> {
  for await (const { files, ...group } of groups) {
    const left: ViewFile[] = [];
    for (const { path, is, maybe } of files)
      if (maybe !== true && (await staging.has(path))) left.push(staging.toViewFile(path, is));
    if (left.length > 0) yield { ...group, files: left };
  }
}

/** A record ends with the files of the view as a whole, also when there are none: its end can then be recognised. */
export async function* appendEnd(
  groups: AsyncIterable<ViewFileGroup> | Iterable<ViewFileGroup>,
): AsyncGenerator<ViewFileGroup> {
  let isEnded = false;
  for await (const group of groups) {
    yield group;
    isEnded = group.image === undefined;
  }
  if (!isEnded) yield { files: [] };
}

/** A view that has no files. */
export async function* noGroups(): AsyncGenerator<never> {}

/** The end of a record that has no files. */
export async function* nothing(): AsyncGenerator<FileGroup> {
  yield await Promise.resolve({ files: [] });
}
