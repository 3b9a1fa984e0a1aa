/** How far a run is. */
export interface ProgressCounts {
  readonly total: number;
  readonly done: number; // the failed ones too
  readonly failed: number; // folders that cannot be listed too
}

/** An image that is done, with what is known of it. */
export interface FinishedImage {
  readonly ok: boolean;
  readonly name?: string;
  readonly failure?: { readonly code: string; readonly message: string };
}

/** What shows a download: a command on a terminal, or a program to its caller. */
interface ShownDownload extends Disposable {
  /** @param bytes - Sums over all files. The last call has done === total. */
  progress(bytes: { done: number; total: number }): void;
  note(message: string): void;
}

/** What a run reports to while it works: a command shows it, a program hands it to its caller. */
export interface RunProgress {
  /**
   * @param known.done - Images that earlier attempts finished: they count as done, but not for the rate.
   * @param known.isOpen - More images may come.
   */
  start(known: Omit<ProgressCounts, 'failed'> & { failed?: number; isOpen?: boolean }): void;
  /** Images have come or gone. */
  follow(counts: ProgressCounts): void;
  /** An image is done. @param counts - Where images come and go: all of them, as they are now. */
  tick(outcome: FinishedImage, counts?: ProgressCounts): void;
  /** Begins to show a download that must finish before the run can begin. */
  download(): ShownDownload;
  note(message: string): void;
  stop(): void;
}
