import { randomBytes } from 'node:crypto';
import { existsSync, statSync, utimesSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { below } from '../disk/calls/below.js';
import { FileCalls } from '../disk/calls/call-file.js';
import { ReadBuffers } from '../disk/calls/read-buffers.js';
import { describeReadError } from '../disk/readable-file.js';
import { describeWriteError } from '../disk/write-failure.js';
import { decodeFeatures, encodeFeatures } from './feature-file.js';
import { hashKey, inspectFolder, KEY_FILE, prepareFolder, prepareKeyFolder, TEMPORARY } from './folder.js';
import type { FeatureKey, ImageFeatures, NewImageFeatures, StoreProblem } from './image-features.js';
import { SpaceLimit } from './space-limit.js';
import { readFileLater, readFileNow, writeFileNow } from './store-files.js';

/** A read that takes longer is left to another thread: 0.6 MB at 200 MB/s. */
const SLOW_READ_MS = 3;

/** The time of last use is kept this exactly: writing it each time would cost as much as reading the file. */
const USE_PRECISION_MS = 3_600_000;

export interface StoreOptions {
  readonly folder: string; // absolute
  readonly key: FeatureKey;
  readonly label?: string; // what people call the model; shown by `features info`
  readonly writable: boolean; // else nothing is written, times of last use included
  readonly maxBytes?: number; // of the whole folder, by all writers together
  readonly writers?: number; // processes of this machine that write to it now; default 1
  readonly onProblem: (problem: StoreProblem) => void; // called each time
}

/**
 * The features of images under one key, in a folder that several processes and machines may use at once: a file an
 * image, complete or absent, found by the hash of the image. Nothing is kept in memory.
 */
export class FeatureStore implements AsyncDisposable {
  readonly #options: StoreOptions;
  readonly #key: string;
  readonly #folder: string; // of the key
  readonly #reads = new FileCalls(SLOW_READ_MS);
  readonly #buffers = new ReadBuffers();
  readonly #looks = new FileCalls();
  readonly #limit: SpaceLimit | undefined;
  readonly #temporary = TEMPORARY + randomBytes(6).toString('hex');
  readonly #openedMs = Date.now();
  #written = 0;
  #foundLast = false;
  #isWritable: boolean;
  #notesUse: boolean;

  private constructor(options: StoreOptions, isWritable: boolean) {
    this.#options = options;
    this.#key = hashKey(options.key);
    this.#folder = join(options.folder, this.#key);
    this.#isWritable = isWritable;
    this.#notesUse = isWritable;
    if (isWritable && options.maxBytes !== undefined) this.#limit = new SpaceLimit(options.folder, options);
  }

  /**
   * A folder that cannot be written is reported, and what is in it is read.
   *
   * @throws PreannotateError CONFIG_INVALID for a folder that is not empty and has no marker of ours
   */
  static async open(options: StoreOptions): Promise<FeatureStore> {
    const { folder, key, label, writable, onProblem } = options;
    await inspectFolder(folder);
    if (!writable) return new FeatureStore(options, false);
    try {
      await prepareFolder(folder);
      await prepareKeyFolder(folder, key, label);
    } catch (error) {
      const message = `Features are read only, and none are stored: ${messageOf(error)}`;
      onProblem({ kind: 'unwritable', message });
      return new FeatureStore(options, false);
    }
    const store = new FeatureStore(options, true);
    store.#noteKeyUse();
    return store;
  }

  /**
   * The features of an image; undefined when there are none that can be used. Never fails.
   *
   * @param sha256 - Of the image's bytes.
   */
  async read(sha256: string): Promise<ImageFeatures | undefined> {
    const path = this.#pathOf(sha256);
    const noteUse = this.#notesUse ? this.#noteUse : undefined;
    let bytes: Buffer | undefined;
    try {
      const later = () => readFileLater(path, noteUse);
      const now = () => readFileNow(path, noteUse, this.#buffers);
      bytes = await (this.#foundLast ? this.#reads.do({ now, later }) : later());
    } catch (error) {
      this.#report('unreadable', `${printable(path)} cannot be read: ${describeReadError(error)}`);
      return undefined;
    }
    this.#foundLast = bytes !== undefined;
    if (bytes === undefined) return undefined;
    try {
      return decodeFeatures(bytes, { key: this.#key, sha256 });
    } catch (error) {
      this.#report('damaged', `${printable(path)} cannot be used: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Has the memory of features used again that `read` gave. @param data - Of any of their tensors. */
  recycle(data: Uint8Array): void {
    this.#buffers.give(data);
  }

  /** The bytes of an image's file; undefined when there is none. Of what cannot be looked at, reading tells more. */
  async sizeOf(sha256: string): Promise<number | undefined> {
    const path = this.#pathOf(sha256);
    try {
      const now = () => statSync(path, { throwIfNoEntry: false });
      const later = () => stat(path);
      return (await (this.#foundLast ? this.#looks.do({ now, later }) : later()))?.size;
    } catch (error) {
      return systemCodeOf(error) === 'ENOENT' ? undefined : 0;
    }
  }

  /**
   * Whether the features that were asked for last are there: only then is this thread kept waiting for a file. A folder
   * that does not answer keeps another one waiting first.
   */
  get foundLast(): boolean {
    return this.#foundLast;
  }

  /** Whether features are written: not where they are only read, and not after a problem. */
  get isWritable(): boolean {
    return this.#isWritable;
  }

  /** Whether there is a file for an image; it may be damaged. */
  has(sha256: string): Promise<boolean> {
    return Promise.resolve(existsSync(this.#pathOf(sha256)));
  }

  /** Stores features, in the place of those that are there. Never fails: the first problem ends writing. */
  write(features: NewImageFeatures): Promise<void> {
    if (!this.#isWritable) return Promise.resolve();
    const path = this.#pathOf(features.sha256);
    try {
      const parts = encodeFeatures(this.#key, features);
      writeFileNow(path, join(path, '..', `${this.#temporary}-${this.#written++}`), parts);
      this.#limit?.add(parts.reduce((sum, { length }) => sum + length, 0));
    } catch (error) {
      this.#isWritable = false;
      const reason = systemCodeOf(error) === 'ENOENT' ? 'its folder was removed' : describeWriteError(error);
      const message = `No more features are stored in ${printable(this.#options.folder)}: ${reason}.`;
      this.#options.onProblem({ kind: 'unwritable', message });
    }
    return Promise.resolve();
  }

  /** Waits for what keeps the folder within its limit, and checks it a last time. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#limit?.finish();
    if (this.#notesUse) this.#noteKeyUse();
  }

  #pathOf(sha256: string): string {
    return below(this.#folder, `${sha256.slice(0, 2)}/${sha256}.safetensors`);
  }

  #report(kind: 'damaged' | 'unreadable', problem: string): void {
    this.#options.onProblem({ kind, message: `${problem}. The features of this image are computed again.` });
  }

  readonly #noteUse = (usedMs: number, setTimes: () => unknown): void => {
    // With a limit, what this process has used stays longer than what others used before.
    const isRecent = this.#limit === undefined ? Date.now() - usedMs <= USE_PRECISION_MS : usedMs >= this.#openedMs;
    if (isRecent) return;
    try {
      setTimes();
    } catch {
      this.#notesUse = false; // files of another user, or a disk that cannot be written
    }
  };

  #noteKeyUse(): void {
    this.#noteUse(0, () => utimesSync(join(this.#folder, KEY_FILE), new Date(), new Date()));
  }
}
