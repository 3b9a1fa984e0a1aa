import { mkdir, rename, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { mapInOrder } from '../../core/stream.js';
import { printable } from '../../core/text.js';
import { syncFolder } from '../../disk/atomic.js';
import { withWriteErrors } from '../../disk/write-failure.js';
import { Aside } from './aside.js';
import { commitGroup, removeEmptyFolders, type StagedView } from './commit.js';
import { DiskState, statsOf } from './disk-state.js';
import { EditedFiles } from './edited-files.js';
import { appendEnd, listUnplaced, noGroups, nothing } from './groups.js';
import { mergeGroups } from './record/merge-groups.js';
import { notesOnLayout, notesOnOthers } from './layout/layout-notes.js';
import type { Layout, ViewInputs } from '../format.js';
import { relocate } from './layout/relocate.js';
import { ViewRecord } from './record/record.js';
import type { FileGroup, RecordHeader } from './record/record-lines.js';
import { stageGroup, type StagingTarget } from './stage.js';
import { Staging } from './staging.js';
import { findUnchanged } from './unchanged.js';
import { hasNewerFiles, moveAllAside, restoreReplacedFolder } from './unrecorded.js';
import type { ViewFileGroup } from './view-file.js';
import { entriesOf, resolveViewFolder, stagingFolderBeside, stagingFolderIn } from './view-paths.js';

const IMAGES_AT_ONCE = 16; // keeps a disk busy without using up file descriptors

/** What a view is to hold. */
export interface ViewContent {
  readonly folders?: readonly string[]; // made even when they stay empty
  readonly classes?: readonly string[]; // where files name a class by its place in a list
  readonly divided?: readonly string[]; // folders at the top whose files may be in one subfolder or another: parts
  readonly layout?: Layout; // where files are one folder deeper than earlier versions wrote them
  readonly images?: number; // where the view has only the first by name, how many it may have; Infinity: all
  readonly firstNotes?: readonly string[]; // for the user, when the view is new, or in a new layout
  readonly notes?: () => readonly string[]; // for the user, of what was made; asked once all of it is
  /** Those of the images by name, then that of the view as a whole. */
  readonly groups: AsyncIterable<ViewFileGroup> | Iterable<ViewFileGroup>;
}

/** Where a view goes. */
interface ViewTarget {
  readonly outDir: string; // absolute
  readonly signature: string | undefined; // the file by which a view of version 0.1 is recognised
  readonly overwriteEdited: boolean;
  readonly version: string; // of preannotate
  readonly madeFrom?: ViewInputs | undefined;
  readonly throwIfStopped: () => Promise<void>; // throws once no more may be written
}

/** Writes a view whose folder may be written. @returns Notes. @throws PreannotateError as `writeView` does. */
export async function updateView(target: ViewTarget, content: ViewContent): Promise<string[]> {
  return await new ViewUpdate(target, await resolveViewFolder(target.outDir), content).run();
}

/** One update of the folder of a view. */
class ViewUpdate {
  readonly #target: ViewTarget;
  readonly #root: string; // without links
  readonly #content: ViewContent;
  readonly #record: ViewRecord;
  readonly #aside: Aside;
  readonly #edited = new EditedFiles();
  #notes: string[] = [];
  #recorded = ''; // digest of the record
  #isPartial = false; // a file could not be made, and may be the next time

  constructor(target: ViewTarget, root: string, content: ViewContent) {
    this.#target = target;
    this.#root = root;
    this.#content = content;
    this.#record = new ViewRecord(target.outDir);
    this.#aside = new Aside(target.outDir);
  }

  /** @returns Notes. */
  async run(): Promise<string[]> {
    const { outDir, madeFrom: inputs, throwIfStopped } = this.#target;
    const placed = { outDir, root: this.#root, record: this.#record, throwIfStopped };
    const made = inputs === undefined ? undefined : await findUnchanged(placed, inputs.digest);
    if (made !== undefined && inputs?.restoreCounts(made.counts) === true) return made.notes;
    await this.#make();
    const edits = this.#edited.notes(outDir, this.#aside.folder);
    const notes = [...(this.#content.notes?.() ?? [])];
    if (inputs !== undefined && edits.length === 0 && !this.#isPartial) await this.#recordMade(inputs, notes);
    return [...edits, ...this.#notes, ...notes];
  }

  async #recordMade({ digest, counts }: ViewInputs, notes: string[]): Promise<void> {
    const folders = [...(this.#content.folders ?? [])];
    await this.#target.throwIfStopped();
    await this.#record.recordMade({
      inputs: digest,
      record: this.#recorded,
      folders,
      notes,
      counts: await counts(),
    });
  }

  async #make(): Promise<void> {
    await restoreReplacedFolder(this.#root);
    await this.#record.recover();
    const entries = await entriesOf(this.#root);
    const header = await this.#record.header();
    const { layout, firstNotes = [] } = this.#content;
    const isRecorded = entries !== undefined && entries.length > 0 && header !== undefined;
    const isEarlier = isRecorded && header.layout !== layout?.subfolder;
    if (isEarlier && layout !== undefined) await this.#relocate(layout);
    if (entries === undefined) await this.#create();
    else await this.#update(entries.length > 0);
    if (isEarlier && layout !== undefined) this.#notes.push(...(await notesOnOthers(this.#root, layout)));
    if (!isRecorded || isEarlier) this.#notes.push(...firstNotes);
  }

  async #relocate(layout: Layout): Promise<void> {
    const { outDir, throwIfStopped } = this.#target;
    const edited = await relocate({ root: this.#root, record: this.#record, throwIfStopped }, layout);
    this.#notes.push(...notesOnLayout(outDir, layout, edited));
  }

  /** A view that does not exist gets its name when it is complete. */
  async #create(): Promise<void> {
    await using staging = await Staging.open(stagingFolderBeside(this.#root), this.#root);
    for (const folder of this.#content.folders ?? []) await staging.makeFolder(folder);
    const groups = this.#stage(noGroups(), { staging, disk: undefined, overwriteEdited: false });
    const stamped = mapInOrder(groups, IMAGES_AT_ONCE, (group) => staging.stamp(group));
    this.#recorded = await this.#record.complete(this.#header, stamped); // counts for nothing while there is no view
    await this.#target.throwIfStopped();
    await withWriteErrors(this.#root, () => rename(staging.folder, this.#root));
    await syncFolder(dirname(this.#root));
    this.#notes.push(...(await this.#writeNewVersions(noGroups())));
  }

  async #update(hasFiles: boolean): Promise<void> {
    const { outDir, signature, overwriteEdited } = this.#target;
    const isRecorded = hasFiles && (await this.#record.header()) !== undefined;
    const before = () => (isRecorded ? this.#record.groups() : noGroups());
    const mustClear = hasFiles && !isRecorded && signature !== undefined;
    const isEdited = mustClear && (await hasNewerFiles(this.#root, signature));
    await using staging = await Staging.open(stagingFolderIn(this.#root), this.#root);
    const disk = new DiskState(this.#root);
    await this.#record.prepare(
      this.#header,
      this.#stage(before(), { staging, disk: mustClear ? undefined : disk, overwriteEdited }),
    );
    if (mustClear) {
      await moveAllAside(this.#root, signature, this.#aside);
      this.#notes.push(movedAsideNote(outDir, this.#aside.folder, isEdited));
    }
    // From here on, what is prepared may have been put in its place.
    if (!isRecorded) await this.#record.complete(this.#header, nothing());
    const { divided = [] } = this.#content;
    const place = { root: this.#root, staging, disk, aside: this.#aside, divided };
    const staged = { ...place, overwriteEdited, emptied: new Set<string>() };
    this.#recorded = await this.#record.complete(this.#header, this.#commit(before(), staged));
    await removeEmptyFolders(staged);
    await this.#makeFolders();
    this.#notes.push(...(await this.#writeNewVersions(listUnplaced(staging, this.#record.prepared()))));
    await this.#record.forgetPrepared();
  }

  get #header(): RecordHeader {
    const { classes, images, layout } = this.#content;
    const { outDir, version } = this.#target;
    return {
      view: basename(outDir),
      preannotate: version,
      ...(classes === undefined ? {} : { classes: [...classes] }),
      ...(images === undefined ? {} : { images: Number.isFinite(images) ? images : 'all' }),
      ...(layout === undefined ? {} : { layout: layout.subfolder }),
    };
  }

  async *#stage(before: AsyncIterable<FileGroup>, target: StagingTarget): AsyncGenerator<FileGroup> {
    const pairs = mergeGroups(before, appendEnd(this.#content.groups));
    yield* mapInOrder(pairs, IMAGES_AT_ONCE, async (pair) => {
      const group = await stageGroup(pair, target);
      const made = group.files.filter(({ maybe }) => maybe !== true).length;
      if (made < (pair.now?.files.length ?? 0)) this.#isPartial = true;
      return group;
    });
  }

  async *#commit(before: AsyncIterable<FileGroup>, view: StagedView): AsyncGenerator<FileGroup> {
    const pairs = mergeGroups(before, this.#record.prepared());
    const commits = mapInOrder(pairs, IMAGES_AT_ONCE, async (pair) => {
      await this.#target.throwIfStopped();
      return { ...pair, ...(await commitGroup(view, pair)) };
    });
    for await (const { image, written, edited } of commits) {
      edited.forEach((file) => this.#edited.add(file));
      if (image === undefined) yield { files: [...written] };
      else if (written.length > 0) yield { image, files: [...written] };
    }
    await this.#target.throwIfStopped();
  }

  async #makeFolders(): Promise<void> {
    for (const folder of this.#content.folders ?? []) {
      const path = join(this.#root, folder);
      if ((await statsOf(path)) === undefined) await withWriteErrors(path, () => mkdir(path, { recursive: true }));
    }
  }

  /** What could not be put in its place goes to the same path of a folder beside the view. */
  async #writeNewVersions(groups: AsyncIterable<ViewFileGroup>): Promise<string[]> {
    if (this.#target.signature === undefined) return []; // this is that folder
    const outDir = `${this.#target.outDir}.new`;
    const record = new ViewRecord(outDir);
    if (this.#edited.kept === 0 && (await record.header()) === undefined) return [];
    const target = { ...this.#target, outDir, signature: undefined, overwriteEdited: true, madeFrom: undefined };
    const notes = await updateView(target, { groups });
    if (this.#edited.kept > 0) return notes;
    await record.forget();
    await rmdir(outDir).catch(() => {}); // unless the user keeps files there
    return notes;
  }
}

function movedAsideNote(outDir: string, folder: string, isEdited: boolean): string {
  const view = printable(outDir);
  const why = isEdited
    ? `Files in ${view} were edited since version 0.1 wrote them`
    : `There is no record of what was written into ${view}, as after version 0.1`;
  const rest = isEdited ? '' : ', which you may delete if you edited nothing';
  return `${why}; all of it is kept in ${printable(folder)}${rest}.`;
}
