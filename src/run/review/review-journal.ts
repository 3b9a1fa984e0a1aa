import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PreannotateError, systemCodeOf } from '../../core/errors.js';
import { toCompactChanges } from '../../core/review/compact.js';
import { applyChanges, decidedBefore, type Change, type Decision } from '../../core/review/decision.js';
import type { SavedDecision } from '../../core/review/overwritten.js';
import { printable } from '../../core/text.js';
import { syncFolder } from '../../disk/atomic.js';
import { formatLine } from '../../disk/checked-line.js';
import { withWriteErrors } from '../../disk/write-failure.js';
import { MAX_CHANGES, RecentSteps } from './recent-steps.js';
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
  readonly id?: string | undefined; // of the step, chosen by the page: it is applied once, however often it comes
  readonly base?: number | undefined; // revision of what the page showed of the image when the step was made
}

interface WaitingStep extends ReviewStep {
  readonly at: string;
  readonly resolve: (decision: SavedDecision) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * What people decide about the images of a run, open for adding. It is written by one process at a time, which holds
 * the lock of the output folder. The file is made with the first decision.
 */
export class ReviewJournal implements AsyncDisposable {
  readonly path: string;
  readonly #decisions: Map<string, Decision>;
  readonly #recent = new RecentSteps();
  readonly #underWay = new Map<string, Promise<SavedDecision>>(); // by id
  #revision: number;
  #endOffset: number;
  #isTorn: boolean; // something that is no whole line may follow endOffset
  readonly #waiting: WaitingStep[] = [];
  #writing: Promise<void> | undefined;
  readonly #closing = new AbortController();

  private constructor({ path, decisions, revision, endOffset, isTorn, steps }: ReviewContents) {
    this.path = path;
    this.#decisions = decisions;
    this.#revision = revision;
    this.#endOffset = endOffset;
    this.#isTorn = isTorn;
    const remembered = lastOf(steps);
    const [first] = remembered;
    this.#recent.beginAfter(first === undefined ? revision : first.decision.revision - 1);
    for (const { decision, origin } of remembered) this.#recent.add(decision, { ...origin, changes: origin.changes() });
    this.#recent.trim();
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
  append(step: ReviewStep): Promise<SavedDecision> {
    if (this.#closing.signal.aborted) throw new Error('the review is closed. This is a bug.');
    const { id } = step;
    const known = id === undefined ? undefined : this.find(id);
    if (known !== undefined) return known;
    const saved = new Promise<SavedDecision>((resolve, reject) => {
      this.#waiting.push({ at: new Date().toISOString(), ...step, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
    if (id === undefined) return saved;
    this.#underWay.set(id, saved);
    const forget = () => this.#underWay.delete(id);
    saved.then(forget, forget);
    return saved;
  }

  /** What a step was answered with, or will be; undefined: it is not among the last steps. */
  find(id: string): Promise<SavedDecision> | undefined {
    const saved = this.#recent.byId(id);
    return this.#underWay.get(id) ?? (saved === undefined ? undefined : Promise.resolve(saved));
  }

  /** What was saved after a revision, in its order; undefined: not all of it is known any more. */
  savedAfter(revision: number): readonly SavedDecision[] | undefined {
    if (revision > this.#revision) return undefined; // of another file
    return this.#recent.after(revision)?.filter((saved) => saved.revision <= this.#revision);
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
      await this.#write(steps.map((step, i) => formatStep(step, decided[i]!)).join(''));
    } catch (error) {
      this.#recent.removeAfter(this.#revision);
      for (const { reject } of steps) reject(error);
      return;
    }
    for (const [i, { resolve }] of steps.entries()) {
      const { step: _, overwrote: __, ...decision } = decided[i]!;
      this.#decisions.set(decision.image, decision);
      resolve(decided[i]!);
    }
    this.#revision += steps.length;
    this.#recent.trim();
  }

  /** @returns What is decided after each step. */
  #apply(steps: readonly WaitingStep[]): SavedDecision[] {
    const latest = new Map<string, Decision>();
    return steps.map((step, i) => {
      const { image, sha256, changes, author, at } = step;
      const before = decidedBefore(latest.get(image) ?? this.#decisions.get(image), sha256);
      const revision = this.#revision + 1 + i;
      const decision = { image, sha256, revision, ...applyChanges(before, changes), author, at };
      latest.set(image, decision);
      return this.#recent.add(decision, step);
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

/** As many steps as are remembered, whose changes and boxes are made now. */
function lastOf(steps: ReviewContents['steps']): ReviewContents['steps'] {
  let [first, changes] = [steps.length, 0];
  while (first > 0 && (changes += steps[first - 1]!.origin.count) <= MAX_CHANGES) first--;
  return steps.slice(first);
}

function formatStep({ changes, id, base }: WaitingStep, { image, sha256, revision, author, at }: Decision): string {
  return formatLine({
    image,
    sha256,
    revision,
    author,
    at,
    ...(id === undefined ? {} : { step: id }),
    ...(base === undefined ? {} : { base }),
    changes: toCompactChanges(changes),
  });
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
