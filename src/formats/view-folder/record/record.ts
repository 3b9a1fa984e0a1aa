import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { replaceFile, replaceIfChanged } from '../../../disk/atomic.js';
import { LinesDigest } from '../../../disk/checked-line.js';
import { withWriteErrors } from '../../../disk/write-failure.js';
import { readMadeView, writeMadeView, type MadeView } from './made-view.js';
import { mergeGroups } from './merge-groups.js';
import {
  digestRecord,
  readRecordGroups,
  readRecordHeader,
  toRecordLines,
  type FileGroup,
  type RecordHeader,
} from './record-lines.js';

/**
 * What was written into a view: whatever differs from it was changed by the user. It is read and written as a stream,
 * because a view may have a million files.
 */
export class ViewRecord {
  readonly path: string;
  readonly preparedPath: string; // what is about to be written
  readonly #madePath: string;

  /** @param outDir - The folder of the view: `<out>/yolo`. */
  constructor(outDir: string) {
    const folder = join(dirname(outDir), '.preannotate', 'views');
    this.path = join(folder, `${basename(outDir)}.jsonl`);
    this.preparedPath = join(folder, `${basename(outDir)}.next.jsonl`);
    this.#madePath = join(folder, `${basename(outDir)}.made.jsonl`);
  }

  /** @returns undefined when nothing was recorded: the view is new, or was written by version 0.1. */
  header(): Promise<RecordHeader | undefined> {
    return readRecordHeader(this.path);
  }

  /** Reads all of it, so that damage is reported before any work is done. @throws PreannotateError JOURNAL_DAMAGED */
  async verify(): Promise<void> {
    const made = await this.made();
    if (made !== undefined && (await digestRecord(this.path)) === made.record) return; // as it was written
    for await (const _ of this.groups());
  }

  /** @param digest - Is given every line. */
  groups(digest?: LinesDigest): AsyncGenerator<FileGroup> {
    return readRecordGroups(this.path, digest);
  }

  /** What the view was made from. @returns undefined where that is not known. */
  async made(): Promise<MadeView | undefined> {
    return await readMadeView(this.#madePath);
  }

  /** Records what a complete view was made from. */
  async recordMade(made: MadeView): Promise<void> {
    await writeMadeView(this.#madePath, made);
  }

  /** Records what is about to be written, so that after a kill those files are not taken for edited ones. */
  async prepare(header: RecordHeader, groups: AsyncIterable<FileGroup>): Promise<void> {
    await replaceFile(this.preparedPath, toRecordLines(header, groups, new LinesDigest()));
  }

  /** What is about to be written. */
  prepared(): AsyncGenerator<FileGroup> {
    return readRecordGroups(this.preparedPath);
  }

  /** Records what has been written. @returns Digest of the record. */
  async complete(header: RecordHeader, groups: AsyncIterable<FileGroup>): Promise<string> {
    const digest = new LinesDigest();
    await replaceIfChanged(this.path, toRecordLines(header, groups, digest));
    return digest.value;
  }

  async forgetPrepared(): Promise<void> {
    await this.#remove(this.preparedPath);
  }

  /**
   * Adds what a process that was killed was about to write, and may have written. Without a record it has not begun to:
   * there is one before the first file is put in its place.
   */
  async recover(): Promise<void> {
    const header = await this.header();
    const isPrepared = (await readRecordHeader(this.preparedPath)) !== undefined;
    if (header !== undefined && isPrepared) await this.complete(header, addUncertain(this.groups(), this.prepared()));
    await this.forgetPrepared();
  }

  /** For a view that is no longer there. */
  async forget(): Promise<void> {
    await this.forgetPrepared();
    await this.#remove(this.#madePath);
    await this.#remove(this.path);
  }

  async #remove(path: string): Promise<void> {
    await withWriteErrors(path, () => rm(path, { force: true }));
  }
}

async function* addUncertain(
  recorded: AsyncIterable<FileGroup>,
  prepared: AsyncIterable<FileGroup>,
): AsyncGenerator<FileGroup> {
  for await (const { image, before, now } of mergeGroups(recorded, prepared)) {
    // A file with a stamp was there before that process wrote anything; one that stays was left alone.
    const written = (now?.files ?? []).filter(({ stays }) => stays !== true);
    const uncertain = written.map((file) => (file.stamp === undefined ? { ...file, maybe: true as const } : file));
    yield { ...(image === undefined ? {} : { image }), files: [...before, ...uncertain] };
  }
}
