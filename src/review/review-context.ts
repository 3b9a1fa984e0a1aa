import type { GalleryFacts } from '../core/gallery/pack.js';
import type { SavedDecision } from '../core/review/overwritten.js';
import type { OpenedRun } from '../run/open-run.js';

/** What open pages are told, by its name. */
export interface ReviewEvents {
  readonly decision: SavedDecision;
  readonly decisions: object; // more than is known was missed: pages load all decisions again
  readonly run: object; // the run has changed: pages load everything again
}

/** What the parts of the review server share. */
export interface ReviewContext {
  readonly outDir: string; // absolute
  readonly imageRoot: string | undefined; // absolute; undefined where the images are remote
  run(): OpenedRun; // as it is now
  facts(): Promise<GalleryFacts>; // of the pack that pages load
  publish<Name extends keyof ReviewEvents>(name: Name, data: ReviewEvents[Name]): void;
  /**
   * Releases the output folder, has something written into it, and opens the run again. Decisions are not saved
   * meanwhile: their senders are told to try again.
   *
   * @param work - Takes the lock of the folder itself.
   */
  rewrite(work: () => Promise<void>): Promise<void>;
}
