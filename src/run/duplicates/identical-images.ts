import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageFile, ImageOutcome, ImageResult } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import type { JournalEntries } from '../entries/entry-table.js';
import { RecordFile } from '../read-journal.js';
import { RecordReader } from '../record.js';
import { keyOf, readHashKeys } from './hash-keys.js';
import { Candidates } from './candidates.js';
import { hashFile, type HashedFile } from './hash-file.js';
import { readTailKey, sizeOfFile } from './tail-key.js';

const MANY_NAMES = 16; // of one size: reading the journal once costs less than their lines one by one
const MAX_RECENT = 1024; // results that may not be in the journal yet
const MAX_HASHING_MS = 30_000; // a worker reports a file that cannot be read in this time

/** What decides which results can be used again. */
interface KnownResults {
  readonly root: string; // absolute folder of the images
  readonly journal: { readonly path: string; readonly entries: JournalEntries };
  readonly ontology: Ontology;
  readonly maxBytes: number; // of an image file; larger ones are left to the workers
}

/**
 * Gives images with the same bytes as another one its result, so that they are annotated once. The end of a file is
 * read for that only where another image has as many bytes, and all of it where both end alike.
 */
export class IdenticalImages {
  readonly #known: KnownResults;
  readonly #reader: RecordReader;
  readonly #ofSize = new Candidates((names, size) => this.#moveToTails(names, size));
  readonly #ofTail = new Candidates((names) => this.#moveToHashes(names));
  readonly #ofHash = new Map<number, string>(); // the name of one image of each content
  readonly #inFlight = new Map<string, Promise<ImageOutcome>>();
  readonly #recent = new Map<string, ImageResult>();
  #records: Promise<RecordFile> | undefined;
  #keys: Promise<readonly number[]> | undefined; // of the lines that the journal had when it was read
  #maxRecent = MAX_RECENT;
  #count = 0;

  constructor(known: KnownResults) {
    this.#known = known;
    this.#reader = new RecordReader(known.ontology);
    for (const [name, { sizeBytes }] of known.journal.entries) this.#ofSize.add(sizeBytes, name);
  }

  /** Images that were given the result of another one. */
  get count(): number {
    return this.#count;
  }

  /** @param annotate - Has the image annotated. */
  async detect(image: ImageFile, annotate: () => Promise<ImageOutcome>): Promise<ImageOutcome> {
    const size = await sizeOfFile(this.#pathOf(image.name));
    if (size === undefined || size > this.#known.maxBytes) return await annotate();
    if (!(await this.#hasTwin(image.name, size))) return await this.#annotate(image.name, annotate);
    const file = await this.#hash(image.name);
    if (file === undefined) return await annotate();
    const result = await this.#findResult(image.name, file.sha256);
    if (result === undefined) return await this.#annotate(image.name, annotate);
    this.#count++;
    return { ok: true, result: toCopy(result, image.name, file) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const records = await this.#records?.catch(() => undefined);
    await records?.[Symbol.asyncDispose]();
  }

  #pathOf(name: string): string {
    return join(this.#known.root, name);
  }

  /** Whether there may be another image with the same bytes, whose hash is known then. */
  async #hasTwin(name: string, size: number): Promise<boolean> {
    if (!this.#ofSize.has(size)) {
      this.#ofSize.add(size, name);
      return false;
    }
    const tail = await readTailKey(this.#pathOf(name), size);
    if (tail === undefined) return false;
    await this.#ofSize.moveAll(size);
    if (!this.#ofTail.has(tail)) {
      this.#ofTail.add(tail, name);
      return false;
    }
    await this.#ofTail.moveAll(tail);
    return true;
  }

  /** @returns undefined where there is none: others with the same bytes wait for this image from now on. */
  async #findResult(name: string, sha256: string): Promise<ImageResult | undefined> {
    const key = keyOf(sha256);
    for (;;) {
      const other = this.#ofHash.get(key);
      const result = other === undefined || other === name ? undefined : await this.#resultOf(other);
      if (result?.sha256 === sha256) return result;
      if (this.#ofHash.get(key) !== other) continue; // it failed, and another one was begun meanwhile
      this.#ofHash.set(key, name);
      return undefined;
    }
  }

  async #annotate(name: string, annotate: () => Promise<ImageOutcome>): Promise<ImageOutcome> {
    const running = annotate();
    this.#inFlight.set(name, running);
    try {
      const outcome = await running;
      if (outcome.ok) this.#keep(name, outcome.result);
      return outcome;
    } finally {
      this.#inFlight.delete(name);
    }
  }

  /** Until the journal has it. */
  #keep(name: string, result: ImageResult): void {
    this.#recent.set(name, result);
    if (this.#recent.size < this.#maxRecent) return;
    for (const each of this.#recent.keys()) if (this.#known.journal.entries.has(each)) this.#recent.delete(each);
    this.#maxRecent = Math.max(MAX_RECENT, 2 * this.#recent.size); // so that looking at all of them is rare
  }

  /** Images that have changed since are not looked at: their results are those of other bytes. */
  async #moveToTails(names: readonly string[], size: number): Promise<void> {
    for (const name of names) {
      const tail = await readTailKey(this.#pathOf(name), size);
      if (tail !== undefined) this.#ofTail.add(tail, name);
    }
  }

  async #moveToHashes(names: readonly string[]): Promise<void> {
    const { path, entries } = this.#known.journal;
    const keys = names.length > MANY_NAMES ? await (this.#keys ??= readHashKeys(path)) : [];
    for (const name of names) {
      const key = keys[entries.get(name)?.line ?? 0] ?? NaN;
      const recent = this.#recent.get(name);
      if (recent === undefined && !Number.isNaN(key)) {
        this.#ofHash.set(key, name);
        continue;
      }
      const result = recent ?? (await this.#readRecord(name)) ?? (await this.#hash(name));
      if (result !== undefined) this.#ofHash.set(keyOf(result.sha256), name);
    }
  }

  async #hash(name: string): Promise<HashedFile | undefined> {
    const ended = new AbortController();
    const timeout = sleep(MAX_HASHING_MS, undefined, { ref: false, signal: ended.signal }).catch(() => undefined);
    const hashing = hashFile(this.#pathOf(name), this.#known.maxBytes);
    return await Promise.race([hashing, timeout]).finally(() => ended.abort());
  }

  /** @returns undefined where it failed, or was not annotated. */
  async #resultOf(name: string): Promise<ImageResult | undefined> {
    const outcome = await this.#inFlight.get(name)?.catch(() => undefined); // its own caller gets the error
    if (outcome !== undefined) return outcome.ok ? outcome.result : undefined;
    return this.#recent.get(name) ?? (await this.#readResult(name));
  }

  async #readResult(name: string): Promise<ImageResult | undefined> {
    const record = await this.#readRecord(name);
    if (record === undefined) return undefined;
    const { width, height, size_bytes: sizeBytes, modified_ms: modifiedMs, sha256, encoding, phash, degraded } = record;
    const detections = this.#reader.detectionsOf(record);
    return {
      ...{ name, width, height, detections, sizeBytes, modifiedMs, sha256 },
      ...(encoding === undefined ? {} : { encoding }),
      ...(phash === undefined ? {} : { phash }),
      ...(degraded === undefined ? {} : { degraded }),
    };
  }

  async #readRecord(name: string) {
    const { path, entries } = this.#known.journal;
    const entry = entries.get(name);
    if (entry === undefined) return undefined;
    const records = await (this.#records ??= RecordFile.open(path));
    return await records.read(entry);
  }
}

function toCopy(result: ImageResult, name: string, { sizeBytes, modifiedMs }: HashedFile): ImageResult {
  const { etag: _, url: __, ...content } = result;
  return { ...content, name, sizeBytes, modifiedMs };
}
