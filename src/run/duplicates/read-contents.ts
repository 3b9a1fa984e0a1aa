import { compareUtf8 } from '../../core/text.js';
import { parseLineBytes } from '../../disk/checked-line.js';
import { readLineBytes } from '../../disk/lines.js';
import type { JournalEntries } from '../entries/entry-table.js';
import { readAfterDetections } from '../entries/read-entry.js';
import { divideNames, type Sources } from '../plan/sources.js';
import { ImageContents } from './image-contents.js';
import { groupNear, type NearGroups } from './near-groups.js';

/** A journal whose images are compared. */
export interface ComparedJournal {
  readonly path: string;
  readonly entries: JournalEntries;
  readonly sources: Sources; // images whose files are gone or have changed are left out
}

/** What the images of a journal hold, and which look alike: read and compared when it is first asked for, and once. */
export class ComparedImages {
  readonly #journal: ComparedJournal;
  #contents: Promise<ImageContents> | undefined;
  #groups: Promise<NearGroups> | undefined;

  constructor(journal: ComparedJournal) {
    this.#journal = journal;
  }

  async contents(): Promise<ImageContents> {
    return await (this.#contents ??= readContents(this.#journal));
  }

  async nearGroups(): Promise<NearGroups> {
    return await (this.#groups ??= this.contents().then(groupNear));
  }
}

/** What the images of the views hold, sorted by name. Reads the journal once; boxes are not looked at. */
async function readContents({ path, entries, sources }: ComparedJournal): Promise<ImageContents> {
  const names = divideNames(entries, sources)[0].sort(compareUtf8);
  const contents = new ImageContents(names);
  const indexes = indexByLine(names, entries);
  for await (const batch of readLineBytes(path)) {
    for (const { content, number } of batch) {
      const index = (indexes[number] ?? 0) - 1;
      if (index < 0) continue;
      const fields: Fields = readAfterDetections(content) ?? (parseLineBytes(content) as Fields | undefined) ?? {};
      const { sha256, phash } = fields; // what is damaged is reported when the views are written
      contents.set(index, { sha256: String(sha256), phash: typeof phash === 'string' ? phash : undefined });
    }
  }
  return contents;
}

type Fields = Readonly<Record<string, unknown>>;

/** The place of each line's image among the names, from 1; 0 for lines of none. */
function indexByLine(names: readonly string[], entries: JournalEntries): Int32Array {
  let lines = 0;
  for (const name of names) lines = Math.max(lines, entries.get(name)!.line);
  const indexes = new Int32Array(lines + 1);
  names.forEach((name, index) => (indexes[entries.get(name)!.line] = index + 1));
  return indexes;
}
