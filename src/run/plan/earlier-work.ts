import type { ImageFile } from '../../core/image.js';
import type { JournalContents } from '../read-journal.js';
import type { SourceList } from './sources.js';

/** The images that a run has found. */
export interface FoundImages {
  readonly root: string | undefined; // absolute; names are relative to it. Remote images have none
  readonly images: readonly ImageFile[];
  readonly chosen: readonly ImageFile[]; // of them, what is to be annotated
  /** Selects the names that would have been found if their files were there. */
  readonly selectCovered: (names: readonly string[]) => ReadonlySet<string>;
}

/** What earlier attempts at the job have done. */
export interface EarlierWork {
  readonly journal: JournalContents;
  readonly list: SourceList; // in which state they found the files
  readonly root: string | undefined; // of the images; undefined where it is not known, or they are remote
  readonly isKnown: (name: string) => boolean; // whether they found an image of this name
}
