import type { ServerResponse } from 'node:http';
import { basename } from 'node:path';
import { toDigest, type GalleryFacts } from '../core/gallery/pack.js';
import type { Decision } from '../core/review/decision.js';
import type { SavedDecision } from '../core/review/overwritten.js';
import { RequestError } from '../http/request-error.js';
import { lockPath, type TakeOverRule } from '../run/lock/output-lock.js';
import { announceReview, withdrawReview } from '../run/lock/review-holder.js';
import { openRun, type OpenedRun, type ShowRun } from '../run/open-run.js';
import { RecordFile } from '../run/read-journal.js';
import type { ImageRecord } from '../run/record.js';
import { parseChanges } from '../run/review/parse-changes.js';
import { readReview, readReviewContents } from '../run/review/read-review.js';
import { ReviewJournal, type ReviewStep } from '../run/review/review-journal.js';
import { EventStreams } from './events.js';
import { FileVersions, replacedError } from './images/file-versions.js';
import { findReviewedRoot } from './images/find-root.js';
import { openFolder, type OpenedFolder } from './open-folder.js';
import { isOfRun, packRun, type PackedRun } from './packed-run.js';
import type { ReviewContext, ReviewEvents } from './review-context.js';

/** What is reviewed, and by whom. */
export interface ReviewTarget {
  readonly outDir: string; // absolute
  readonly imagesRoot: string | undefined; // absolute; where the images are now, if they were moved
  readonly author: string;
  readonly takeOver: TakeOverRule;
  readonly show: ShowRun;
}

/** Where a step comes from: by what it is recognised when it is sent again, and what its page showed of the image. */
export interface StepOrigin extends Pick<ReviewStep, 'id' | 'base'> {
  readonly seen?: string | undefined; // digest of the bytes that the changes are about; left out: those of the run
}

const BUSY = 'The run is being brought up to date. This change can be saved as soon as that has ended.';

/** An output folder that is open for review: its run, its decisions, and the pages that look at them. */
export class ReviewSession implements ReviewContext, AsyncDisposable {
  readonly events = new EventStreams();
  readonly versions = new FileVersions();
  imageRoot: string | undefined;
  readonly #target: ReviewTarget;
  readonly note: (message: string) => void;
  #folder: OpenedFolder;
  #run!: OpenedRun;
  #packed!: Promise<PackedRun>;
  #journal: ReviewJournal | undefined;
  #revisionRead: number | undefined; // of the last decision, where nothing can be saved
  #address = '';
  #isBusy = false;

  private constructor(target: ReviewTarget, folder: OpenedFolder, note: (message: string) => void) {
    this.#target = target;
    this.#folder = folder;
    this.note = note;
  }

  /**
   * @throws PreannotateError OUTPUT_LOCKED when another review server has the folder; JOURNAL_DAMAGED,
   *   INPUT_NOT_FOUND
   */
  static async open(target: ReviewTarget, note: (message: string) => void): Promise<ReviewSession> {
    const folder = await openFolder(target.outDir, { takeOver: target.takeOver, note });
    const session = new ReviewSession(target, folder, note);
    try {
      await session.#read();
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  get outDir(): string {
    return this.#target.outDir;
  }

  get imagesRoot(): string | undefined {
    return this.#target.imagesRoot;
  }

  get author(): string {
    return this.#target.author;
  }

  get title(): string {
    return basename(this.outDir);
  }

  /** Why nothing can be saved; not that the run is being brought up to date, which ends by itself. */
  get readOnly(): string | undefined {
    if (this.#isBusy) return undefined;
    const { lock, readOnly } = this.#folder;
    if (lock?.lost.aborted === true) return `Nothing can be saved any more. ${(lock.lost.reason as Error).message}`;
    return readOnly;
  }

  run(): OpenedRun {
    return this.#run;
  }

  async facts(): Promise<GalleryFacts> {
    return (await this.#packed).facts;
  }

  async pack(): Promise<PackedRun> {
    return await this.#packed;
  }

  /** Those that are on disk, and are about the bytes of images that the run has seen. */
  async decisions(run?: PackedRun): Promise<readonly Decision[]> {
    const decisions = this.#journal?.decisions ?? (await readReview(this.outDir));
    const packed = run ?? (await this.#packed);
    return [...decisions.values()].filter((decision) => isOfRun(decision, packed));
  }

  /**
   * Answers a request with events.
   *
   * @param after - Revision after which the page has seen nothing; undefined: it knows all.
   */
  async follow(response: ServerResponse, headers: Readonly<Record<string, string>>, after?: number): Promise<void> {
    const run = await this.#packed;
    const isAllKnown = after === undefined || after === this.#revisionRead;
    const missed = isAllKnown ? [] : this.#journal?.savedAfter(after);
    this.events.add(
      response,
      headers,
      missed?.filter((decision) => isOfRun(decision, run)),
    );
  }

  /** @throws RequestError NOT_FOUND */
  async recordOf(id: number): Promise<ImageRecord> {
    const { name } = await this.#find(id);
    await using records = await RecordFile.open(this.#run.journal.path);
    return await records.read(this.#run.journal.entries.get(name)!);
  }

  /**
   * Saves changes to what is decided about an image, and tells all pages. A step that comes again is answered as the
   * first time.
   *
   * @returns Once they are on disk.
   * @throws RequestError NOT_FOUND, READ_ONLY, IMAGE_CHANGED, OUTPUT_LOCKED;
   *   PreannotateError REQUEST_INVALID, WRITE_FAILED, OUTPUT_LOST
   */
  async save(id: number, changes: unknown, { seen, ...origin }: StepOrigin = {}): Promise<SavedDecision> {
    const known = origin.id === undefined ? undefined : this.#journal?.find(origin.id);
    if (known !== undefined) return await known;
    this.#requireIdle();
    const { readOnly } = this;
    if (readOnly !== undefined) throw new RequestError('READ_ONLY', readOnly);
    const { facts, index, name: image } = await this.#find(id);
    const { images, classes } = facts;
    const parsed = parseChanges(changes, {
      width: images.widths[index]!,
      height: images.heights[index]!,
      classes: new Set(classes.map(({ name }) => name)),
    });
    const record = await this.recordOf(id);
    if (seen !== undefined && seen !== toDigest(record.sha256)) throw replacedError(image);
    if (this.imageRoot !== undefined) await this.versions.assertSeenIfThere(record, this.imageRoot);
    const { sha256 } = record;
    await this.#folder.lock?.assertHeldSinceHeartbeat();
    this.#requireIdle(); // since then, the run may have begun to be renewed
    if (this.#journal === undefined) throw new RequestError('OUTPUT_LOCKED', BUSY);
    const step = { image, sha256, changes: parsed, author: this.author, ...origin };
    const decision = await this.#journal.append(step);
    this.publish('decision', decision);
    return decision;
  }

  /** @throws RequestError OUTPUT_LOCKED while the run is brought up to date. */
  #requireIdle(): void {
    if (this.#isBusy) throw new RequestError('OUTPUT_LOCKED', BUSY);
  }

  publish<Name extends keyof ReviewEvents>(name: Name, data: ReviewEvents[Name]): void {
    this.events.publish(name, data);
  }

  /** Lets other processes know where this server answers, so that a second one can name it. */
  async announce(address: string): Promise<void> {
    this.#address = address;
    if (this.#folder.lock !== undefined) await announceReview(lockPath(this.outDir), address);
  }

  async rewrite(work: () => Promise<void>): Promise<void> {
    if (this.#isBusy) throw new RequestError('OUTPUT_LOCKED', BUSY);
    if (this.readOnly !== undefined) throw new RequestError('READ_ONLY', this.readOnly);
    this.#isBusy = true;
    try {
      await this.#release();
      try {
        await work();
      } finally {
        const { takeOver } = this.#target;
        this.#folder = await openFolder(this.outDir, { takeOver, note: this.note });
        await this.#read();
        await this.announce(this.#address);
      }
    } finally {
      this.#isBusy = false;
      this.publish('run', {});
    }
  }

  /** Saves what waits, and gives the folder back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.events[Symbol.dispose]();
    await this.#release();
  }

  async #read(): Promise<void> {
    const { outDir } = this;
    const run = this.#target.show(await openRun(outDir));
    run.notes.forEach(this.note);
    this.#run = run;
    this.imageRoot = await findReviewedRoot(this.#target, run, this.note);
    if (this.#folder.lock !== undefined) this.#journal = await ReviewJournal.open(outDir);
    else this.#revisionRead = (await readReviewContents(outDir)).revision; // reports what is damaged now, too
    this.#packed = packRun({ outDir, run, title: this.title });
    this.#packed.catch(() => {}); // it is thrown where the pack is asked for
  }

  async #find(id: number): Promise<{ facts: GalleryFacts; index: number; name: string }> {
    const { facts, indexOf } = await this.#packed;
    const index = indexOf.get(id);
    if (index === undefined) throw new RequestError('NOT_FOUND', `The run has no image ${id}.`);
    return { facts, index, name: facts.images.names[index]! };
  }

  async #release(): Promise<void> {
    await this.#journal?.[Symbol.asyncDispose]();
    this.#journal = undefined;
    const { lock } = this.#folder;
    if (lock === undefined) return;
    if (!lock.lost.aborted) await withdrawReview(lockPath(this.outDir));
    await lock[Symbol.asyncDispose]();
    this.#folder = { lock: undefined, readOnly: 'The review is closed.' };
  }
}
