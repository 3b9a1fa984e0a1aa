import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PreannotateError, systemCodeOf } from '../../core/errors.js';
import { applyChanges, type Change, type Decision } from '../../core/review/decision.js';
import { printable } from '../../core/text.js';
import { syncFolder } from '../../disk/atomic.js';
import { formatLine } from '../../disk/checked-line.js';
import { withWriteErrors } from '../../disk/write-failure.js';
import { readReviewContents, type ReviewContents } from './read-review.js';

const SYNC_INTERVAL_MS = 100; // more often would wear disks out, and slow disks would be busy with nothing else
const MAX_STEPS = 4096; // of a write: an import may add a million, and a step of 100 boxes takes some 20 KB

/** What one person did to one image. */
export interface ReviewStep {
  readonly image: string; // name
  readonly sha256: string; // of the bytes that were looked at
  readonly changes: readonly Change[];
  readonly author: string;
  readonly at?: string; // ISO 8601, UTC; left out: now
}

interface WaitingStep extends ReviewStep {
  readonly at: string;
  readonly resolve: (decision: Decision) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * What people decide about the images of a run, open for adding. It is written by one process at a time, which holds
 * the lock of the output folder. The file is made with the first decision.
 */
export class ReviewJournal implements AsyncDisposable {
  readonly path: string;
  readonly #decisions: Map<string, Decision>;
  #revision: number;
  #endOffset: number;
  #isTorn: boolean; // something that is no whole line may follow endOffset
  readonly #waiting: WaitingStep[] = [];
  #writing: Promise<void> | undefined;
  readonly #closing = new AbortController();

  private constructor({ path, decisions, revision, endOffset, isTorn }: ReviewContents) {
    this.path = path;
    this.#decisions = decisions;
    this.#revision = revision;
    this.#endOffset = endOffset;
    this.#isTorn = isTorn;
  }

  /** @throws PreannotateError JOURNAL_DAMAGED naming the file and the damaged line. */
  static async open(outDir: string): Promise<ReviewJournal> {
    return new ReviewJournal(await readReviewContents(outDir));
  }

  /** By image name, as far as they are on disk. */
  get decisions(): ReadonlyMap<string, Decision> {
    return this.#decisions;
  }

  /**
   * Adds changes to what is decided about an image. A decision about other bytes than those of the step is over: the
   * changes begin a new one.
   *
   * @returns Once it survives a power cut. Steps that come together wait for one write.
   * @throws PreannotateError WRITE_FAILED: nothing of the step was saved, and later ones can be.
   */
  append(step: ReviewStep): Promise<Decision> {
    if (this.#closing.signal.aborted) throw new Error('the review is closed. This is a bug.');
    return new Promise((resolve, reject) => {
      this.#waiting.push({ at: new Date().toISOString(), ...step, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Writes what waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#writeWaiting();
      await delay(SYNC_INTERVAL_MS, undefined, { signal: this.#closing.signal }).catch(() => {}); // closing hurries
    }
    this.#writing = undefined;
  }

  async #writeWaiting(): Promise<void> {
    const steps = this.#waiting.splice(0, MAX_STEPS);
    const decided = this.#apply(steps);
    try {
      await this.#write(steps.map(({ changes }, i) => formatLine({ ...decided[i]!, changes })).join(''));
    } catch (error) {
      for (const { reject } of steps) reject(error);
      return;
    }
    for (const [i, { resolve }] of steps.entries()) {
      this.#decisions.set(decided[i]!.image, decided[i]!);
      resolve(decided[i]!);
    }
    this.#revision += steps.length;
  }

  /** @returns What is decided after each step. */
  #apply(steps: readonly WaitingStep[]): Decision[] {
    const latest = new Map<string, Decision>();
    return steps.map(({ image, sha256, changes, author, at }, i) => {
      const earlier = latest.get(image) ?? this.#decisions.get(image);
      const before = earlier?.sha256 === sha256 ? earlier : { state: 'open' as const, boxes: [] };
      const revision = this.#revision + 1 + i;
      const decision = { image, sha256, revision, ...applyChanges(before, changes), author, at };
      latest.set(image, decision);
      return decision;
    });
  }

  async #write(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      await withWriteErrors(this.path, () => this.#append(bytes));
    } catch (error) {
      throw error instanceof PreannotateError && error.code === 'WRITE_FAILED' ? unsavedError(error) : error;
    }
    this.#endOffset += bytes.length;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const isNew = this.#endOffset === 0;
    await using file = await this.#openFile(isNew);
    await this.#removeTornLine(file);
    this.#isTorn = true;
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, this.#endOffset + done);
        done += bytesWritten;
      }
      await file.datasync();
    } catch (error) {
      await this.#removeTornLine(file).catch(() => {}); // the next step tries it again
      throw error;
    }
    this.#isTorn = false;
    if (isNew) await syncFolder(dirname(this.path));
  }

  async #openFile(isNew: boolean): Promise<FileHandle> {
    try {
      return await open(this.path, isNew ? constants.O_WRONLY | constants.O_CREAT : constants.O_WRONLY);
    } catch (error) {
      throw !isNew && systemCodeOf(error) === 'ENOENT' ? replacedError(this.path) : error;
    }
  }

  async #removeTornLine(file: FileHandle): Promise<void> {
    const { size } = await file.stat();
    if (this.#isTorn ? size < this.#endOffset : size !== this.#endOffset) throw replacedError(this.path);
    if (this.#isTorn) await file.truncate(this.#endOffset);
    this.#isTorn = false;
  }
}

function unsavedError({ code, message }: PreannotateError): PreannotateError {
  const hint = 'This change was not saved; all that were reported as saved are. Fix this, and make the change again.';
  return new PreannotateError({ code, message, hint });
}

function replacedError(path: string): PreannotateError {
  return new PreannotateError({
    code: 'OUTPUT_LOST',
    message: `${printable(path)}: another program has changed or removed the file. This change was not saved.`,
    hint: 'Open the review again: it then shows what is in the file.',
  });
}
