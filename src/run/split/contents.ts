import { compareUtf8 } from '../../core/text.js';
import { parseLine } from '../../disk/checked-line.js';
import { readLines } from '../../disk/lines.js';
import { divideNames, type Sources } from '../plan/sources.js';
import { ImageRecord } from '../record.js';
import type { JournalEntry } from '../entries/entry-table.js';
import type { GroupedImage } from './groups.js';

const Content = ImageRecord.pick({ image: true, sha256: true });

/** A journal whose images are divided. */
export interface DividedJournal {
  readonly path: string;
  readonly entries: ReadonlyMap<string, JournalEntry>;
  readonly sources: Sources; // images whose files are gone or have changed are left out
}

/** What the images of the views hold, sorted by name. Reads the journal once; boxes are not looked at. */
export async function readContents({ path, entries, sources }: DividedJournal): Promise<GroupedImage[]> {
  const shown = new Set(divideNames(entries, sources)[0]);
  const images: GroupedImage[] = [];
  for await (const { line, number, complete } of readLines(path)) {
    if (number === 1 || !complete) continue;
    const { data } = Content.safeParse(parseLine(line)); // what is damaged is reported when the views are written
    if (data === undefined) continue;
    const { image: name, sha256 } = data;
    if (shown.has(name) && entries.get(name)?.line === number) images.push({ name, sha256 });
  }
  return images.sort((a, b) => compareUtf8(a.name, b.name));
}
