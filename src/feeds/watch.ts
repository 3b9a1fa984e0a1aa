import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PreannotateError, systemCodeOf } from '../core/errors.js';
import type { ImageFile, ImageOutcome } from '../core/image.js';
import { nameInMessage, printable } from '../core/text.js';
import type { Job, RunState } from '../job.js';
import { toManifest } from '../run-manifest.js';
import { listImages } from '../prepare.js';
import { EntryTable } from '../run/entries/entry-table.js';
import { beginManifest } from '../run/manifest.js';
import { describeSpared } from '../run/plan/missing.js';
import { saveSources, type Source, type SourceList } from '../run/plan/sources.js';
import type { ProgressCounts } from '../progress/run-progress.js';
import { PeriodicUpdates } from '../run/watch/periodic-updates.js';
import { WatchedImages } from '../run/watch/watched-images.js';
import { writeOutputs } from '../run-views.js';
import type { Feed, FeedUse } from './feed.js';

const INTERVAL_MS = 2_000; // from one look at the folders to the next
const REST = 10; // times as long as the last look took: a network file system has other clients
const REMEMBERED_NOTES = 100;

/** Hands out images as they arrive in the folders of a run, and keeps its views up to date meanwhile. */
export class Watch implements Feed {
  readonly known: Feed['known'];
  readonly #job: Job;
  readonly #run: RunState;
  readonly #use: FeedUse;
  readonly #sources: Map<string, Source>;
  readonly #images: WatchedImages;
  readonly #updates: PeriodicUpdates;
  readonly #notes = new Set<string>();
  #saved: SourceList;
  #unlisted: ReadonlySet<string>; // folders that cannot be read

  /** @param run - Its plan and what was found are brought up to date. */
  constructor(job: Job, run: RunState, use: FeedUse) {
    const { plan, stats } = run;
    const { found, failed } = stats;
    this.known = { total: found, done: found - plan.pending.length, failed, isOpen: true };
    this.#job = job;
    this.#use = use;
    this.#sources = new Map(run.plan.sources);
    run.plan = { ...run.plan, sources: this.#sources };
    this.#run = run;
    this.#saved = { ...run.sources, sources: new Map(this.#sources), problem: undefined };
    this.#unlisted = new Set(run.found.failures.map(({ name }) => name));
    this.#images = new WatchedImages({ journal: run.journal, sources: this.#sources, rule: job.missing });
    this.#updates = new PeriodicUpdates((ended) => this.#updateViews(ended));
    if (run.journal.entries.size > 0) this.#updates.changed(); // images may have gone before the watch began
  }

  /** Images to be annotated, until the watch ends. */
  async *images(): AsyncGenerator<ImageFile> {
    const { ending, signal, progress } = this.#use;
    progress.note(
      `Watching ${printable(this.#run.found.root ?? '')} for images. Ctrl-C or SIGTERM ends it, and brings the ` +
        'annotation files up to date.',
    );
    const ended = AbortSignal.any([ending, signal]);
    const hasEnded = () => ended.aborted;
    while (!hasEnded()) {
      const startMs = performance.now();
      const arrivals = await this.#tryLook();
      const restMs = Math.max(INTERVAL_MS, REST * (performance.now() - startMs));
      for (const image of arrivals) {
        if (hasEnded()) return;
        yield image;
      }
      await sleep(restMs, undefined, { signal: ended }).catch(() => {}); // it has ended
    }
  }

  finish(outcome: ImageOutcome): undefined {
    const { progress, errors } = this.#use;
    this.#images.finish(outcome.ok ? outcome.result.name : outcome.name, outcome.ok);
    this.#run.stats.failed = errors.size;
    if (!outcome.ok) progress.note(nameInMessage(outcome.name, outcome.failure.message)); // the end may be far
    progress.tick(outcome, this.#counts());
    this.#updates.changed();
  }

  async end(): Promise<boolean> {
    await this.#save();
    return this.#images.unfinished === 0;
  }

  /** Stops an update of the views that is running. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#updates[Symbol.asyncDispose]();
  }

  /** Writes down which images are gone or have changed. */
  async #save(): Promise<void> {
    const sources = new Map(this.#sources);
    await saveSources(this.#saved, sources);
    this.#saved = { ...this.#saved, sources, problem: undefined };
  }

  /** A folder that cannot be listed, as when a disk is not mounted, is looked at again later. */
  async #tryLook(): Promise<readonly ImageFile[]> {
    try {
      return await this.#look();
    } catch (error) {
      const isOfSystem = error instanceof PreannotateError || systemCodeOf(error) !== undefined;
      if (!isOfSystem || (error instanceof PreannotateError && error.code === 'WRITE_FAILED')) throw error;
      this.#noteOnce(`${printable(messageOf(error))} Nothing is annotated or left out until it is there again.`);
      return [];
    }
  }

  async #look(): Promise<readonly ImageFile[]> {
    const { imageIds, stats, lock, found: before } = this.#run;
    const { progress, errors } = this.#use;
    const { found, images } = await listImages(this.#job);
    const { root } = found;
    if (root === undefined || root !== before.root) throw movedError(root ?? '', before.root ?? '');
    const look = await this.#images.look({ ...images, root }, performance.now());
    this.#run.found = found;
    await this.#reportUnlisted();
    for (const name of look.vanished) errors.remove(name);
    stats.found = found.images.length + look.others;
    stats.failed = errors.size;
    if (look.tooManyGone > 0) this.#noteOnce(describeSpared(look.tooManyGone));
    if (look.isChanged || look.vanished.length > 0) this.#updates.changed();
    progress.follow(this.#counts());
    if (look.arrivals.length === 0) return [];
    imageIds.add(look.arrivals.map(({ name }) => name));
    await lock.assertHeld();
    await imageIds.save(this.#job.outDir); // before a view can have the numbers
    return look.arrivals;
  }

  /** As the summary has them. */
  #counts(): ProgressCounts {
    const { found, failed } = this.#run.stats;
    return { total: found, done: Math.max(0, found - this.#images.unfinished), failed };
  }

  async #reportUnlisted(): Promise<void> {
    const { failures } = this.#run.found;
    const unlisted = new Set(failures.map(({ name }) => name));
    for (const name of this.#unlisted) if (!unlisted.has(name)) this.#use.errors.remove(name);
    for (const { name, failure } of failures) {
      if (this.#unlisted.has(name)) continue;
      await this.#use.errors.append(name, failure);
      this.#use.progress.note(failure.message);
    }
    this.#unlisted = unlisted;
  }

  /** Brings views, errors.jsonl and run.json up to date while images are annotated. What fails is tried again later. */
  async #updateViews(ended: AbortSignal): Promise<void> {
    const { journal, lock } = this.#run;
    const { errors, previews, signal } = this.#use;
    try {
      await lock.assertHeld();
      await journal.sync();
      await errors.sort();
      await this.#save();
      await writeOutputs(this.#job, this.#run, {
        entries: new EntryTable(journal.entries), // as they are now: a format may read them twice
        sources: new Map(this.#sources),
        previews,
        progress: { note: (message) => this.#noteOnce(message) },
        signal: AbortSignal.any([signal, ended]),
      });
      await beginManifest(this.#job.outDir, toManifest(this.#job, this.#run, 'running'));
    } catch (error) {
      if (!ended.aborted) this.#noteOnce(`The annotation files could not be updated: ${printable(messageOf(error))}`);
    }
  }

  /** A note that would come with every look or update is shown once. */
  #noteOnce(message: string): void {
    if (this.#notes.has(message)) return;
    if (this.#notes.size >= REMEMBERED_NOTES) this.#notes.clear();
    this.#notes.add(message);
    this.#use.progress.note(message);
  }
}

function movedError(now: string, before: string): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `The inputs lie in ${printable(now)} now; they were in ${printable(before)}.`,
    hint: 'Start the watch again to annotate them.',
  });
}
