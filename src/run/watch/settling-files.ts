/** Size and time of a file. */
export interface Stamp {
  readonly sizeBytes: number;
  readonly modifiedMs: number; // with its fraction, as far as the file system has it
}

/** Without a change for this time, a file counts as written to its end. */
const SETTLED_MS = 2_000;

/**
 * Files that may still be written. A file has settled when its size and time were the same for a while by the clock of
 * this process: that of a file server may differ.
 */
export class SettlingFiles {
  #seen = new Map<string, Stamp & { sinceMs: number }>();

  /** How many have not settled. */
  get size(): number {
    return this.#seen.size;
  }

  /**
   * @param files - All that may be of interest now; others are forgotten.
   * @param nowMs - Monotonic.
   * @returns Those that have settled.
   */
  look<File extends { readonly name: string; readonly stamp: Stamp }>(files: readonly File[], nowMs: number): File[] {
    const settled: File[] = [];
    const seen = new Map<string, Stamp & { sinceMs: number }>();
    for (const file of files) {
      const { name, stamp } = file;
      const before = this.#seen.get(name);
      if (before === undefined || !isSame(before, stamp)) seen.set(name, { ...stamp, sinceMs: nowMs });
      else if (nowMs - before.sinceMs >= SETTLED_MS) settled.push(file);
      else seen.set(name, before);
    }
    this.#seen = seen;
    return settled;
  }
}

export function isSame(a: Stamp, b: Stamp): boolean {
  return a.sizeBytes === b.sizeBytes && a.modifiedMs === b.modifiedMs;
}
