import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ImageFile } from '../../core/image.js';
import { mapConcurrent } from '../../core/stream.js';
import { compareUtf8 } from '../../core/text.js';
import type { FoundImages } from '../plan/earlier-work.js';
import { compareFiles } from '../plan/file-states.js';
import { mayGoUnasked, type MissingRule } from '../plan/missing.js';
import { countSources, type Source } from '../plan/sources.js';
import type { JournalEntry } from '../entries/entry-table.js';
import type { JournalContents } from '../read-journal.js';
import { isSame, SettlingFiles, type Stamp } from './settling-files.js';

const STATS_AT_ONCE = 64; // network file systems answer many at once

/** What is known of the images of a watched folder. */
interface KnownImages {
  readonly journal: Pick<JournalContents, 'path' | 'entries'>;
  readonly sources: Map<string, Source>; // brought up to date
  readonly rule: MissingRule;
}

/** What a look at the folders has found. */
export interface Look {
  readonly arrivals: readonly ImageFile[]; // to be annotated, sorted by name
  readonly vanished: readonly string[]; // had failed, and are not there any more
  readonly tooManyGone: number; // annotated images that are gone and stay in the views: more than may go unasked
  readonly isChanged: boolean; // the views are to have other images, or others again
  readonly others: number; // images of the views that were not found
}

/** Finds images that have arrived, changed or gone since the last look. */
export class WatchedImages {
  readonly #known: KnownImages;
  readonly #goneBefore: number; // when the watch began
  readonly #settling = new SettlingFiles();
  readonly #waiting = new Map<string, Stamp>(); // handed out, and not annotated yet
  readonly #failed = new Map<string, Stamp>(); // as they were when they failed
  #missing: ReadonlySet<string> = new Set(); // in the last look

  constructor(known: KnownImages) {
    this.#known = known;
    this.#goneBefore = countSources(known.sources, 'gone');
  }

  /** How many images that were found have neither been annotated nor failed. */
  get unfinished(): number {
    return this.#waiting.size + this.#settling.size;
  }

  /** Notes that an image was annotated, or failed: then it is left alone until its file changes. */
  finish(name: string, ok: boolean): void {
    const stamp = this.#waiting.get(name);
    this.#waiting.delete(name);
    if (ok || stamp === undefined) this.#failed.delete(name);
    else this.#failed.set(name, stamp);
  }

  /** @param nowMs - Monotonic. */
  async look(found: FoundImages & { readonly root: string }, nowMs: number): Promise<Look> {
    let isChanged = false;
    const files: { name: string; stamp: Stamp }[] = [];
    const stamps = mapConcurrent(found.chosen, STATS_AT_ONCE, async ({ name }) => ({
      name,
      stamp: await readStamp(resolve(found.root, name)),
    }));
    for await (const { name, stamp } of stamps) {
      if (this.#returns(name, stamp)) isChanged = true;
      if (stamp !== undefined && !this.#isKnown(name, stamp)) files.push({ name, stamp });
    }
    const arrivals = await this.#selectArrivals(this.#settling.look(files, nowMs), found.root);
    const { hasGone, ...missing } = this.#findMissing(found);
    return { arrivals, ...missing, isChanged: isChanged || hasGone };
  }

  /** Forgets that an image was gone, or had changed, when its file is there as it was annotated. */
  #returns(name: string, stamp: Stamp | undefined): boolean {
    const { journal, sources } = this.#known;
    const state = sources.get(name)?.state;
    const entry = journal.entries.get(name);
    if (state === undefined || entry === undefined || stamp === undefined) return false;
    const isBack = state === 'gone' || state === 'kept';
    if (!isBack && !(state === 'changed' && isAnnotated(entry, stamp))) return false;
    sources.delete(name);
    return true;
  }

  #isKnown(name: string, stamp: Stamp): boolean {
    const { journal, sources } = this.#known;
    if (this.#waiting.has(name)) return true;
    const failed = this.#failed.get(name);
    if (failed !== undefined) return isSame(failed, stamp);
    const entry = journal.entries.get(name);
    if (entry === undefined) return false;
    if (isAnnotated(entry, stamp)) return true;
    const source = sources.get(name);
    const isTouched = source?.state === 'touched' && source.modified_ms === Math.floor(stamp.modifiedMs);
    return isTouched && entry.sizeBytes === stamp.sizeBytes;
  }

  /** Leaves out files whose time alone has changed. */
  async #selectArrivals(
    settled: readonly { name: string; stamp: Stamp }[],
    root: string,
  ): Promise<readonly ImageFile[]> {
    const { journal, sources } = this.#known;
    const stamps = new Map(settled.map(({ name, stamp }) => [name, stamp]));
    const names = [...stamps.keys()].filter((name) => journal.entries.has(name));
    if (names.length > 0)
      for await (const { name, state } of compareFiles({ root, names, journal, sources })) {
        if (state?.state === 'changed' || state?.state === 'touched') sources.set(name, state);
        if (state?.state !== 'changed') stamps.delete(name);
      }
    for (const [name, stamp] of stamps) this.#waiting.set(name, stamp);
    return [...stamps.keys()].sort(compareUtf8).map((name) => ({ name }));
  }

  /** Only what is missing in two looks, one after the other, is gone: files are replaced by others. */
  #findMissing(found: FoundImages): Omit<Look, 'arrivals' | 'isChanged'> & { hasGone: boolean } {
    const { journal, sources, rule } = this.#known;
    const names = new Set(found.images.map(({ name }) => name));
    const notFound = [...journal.entries.keys()].filter((name) => !names.has(name));
    const isGone = (name: string) => ['gone', 'kept'].includes(sources.get(name)?.state ?? '');
    const missing = found.selectCovered(notFound);
    const gone = [...missing].filter((name) => this.#missing.has(name) && !isGone(name));
    this.#missing = missing;
    const goneNow = countSources(sources, 'gone') - this.#goneBefore + gone.length;
    const isTooMany =
      rule !== 'accept' && rule !== 'keep' && !mayGoUnasked(goneNow, journal.entries.size - this.#goneBefore);
    if (!isTooMany) for (const name of gone) sources.set(name, { state: rule === 'keep' ? 'kept' : 'gone' });
    const vanished = found.selectCovered([...this.#failed.keys()].filter((name) => !names.has(name)));
    for (const name of vanished) this.#failed.delete(name);
    return {
      vanished: [...vanished],
      hasGone: !isTooMany && gone.length > 0,
      tooManyGone: isTooMany ? gone.length : 0,
      others: notFound.filter((name) => sources.get(name)?.state !== 'gone').length,
    };
  }
}

function isAnnotated({ sizeBytes, modifiedMs }: JournalEntry, stamp: Stamp): boolean {
  return sizeBytes === stamp.sizeBytes && modifiedMs === Math.floor(stamp.modifiedMs);
}

/** @returns undefined for a file that is not there any more. */
async function readStamp(path: string): Promise<Stamp | undefined> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { sizeBytes: size, modifiedMs: mtimeMs };
  } catch {
    return undefined;
  }
}
