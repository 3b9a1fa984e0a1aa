import type { ImageFile, ImageOutcome } from '../core/image.js';
import type { PreannotateError } from '../core/errors.js';
import type { ProgressCounts, RunProgress } from '../progress/run-progress.js';
import type { ErrorLog } from '../run/error-log.js';
import type { PreviewFolder } from '../workers/previews/preview-folder.js';

/** Gives a run its images, and is notified of their outcomes. */
export interface Feed extends AsyncDisposable {
  readonly known: ProgressCounts & { readonly isOpen: boolean }; // before the first image

  /** The images to be annotated, until there are no more or the feed has ended. */
  images(): Iterable<ImageFile> | AsyncIterable<ImageFile>;

  /**
   * An image was annotated, or has failed.
   *
   * @param index - Of the image, in the order in which they were given.
   * @returns Why the run stops before its last image, if it does.
   */
  finish(outcome: ImageOutcome, index: number): PreannotateError | undefined;

  /** All images that were given are finished, or were given up. @returns Whether none is left for the next run. */
  end(): Promise<boolean>;
}

/** What a feed works with. */
export interface FeedUse {
  readonly errors: ErrorLog;
  readonly previews: PreviewFolder;
  readonly progress: RunProgress;
  readonly ending: AbortSignal; // ends the feed
  readonly signal: AbortSignal; // stops everything
}
