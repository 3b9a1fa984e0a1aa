import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { mapInOrder } from '../../../core/stream.js';
import { NameList } from '../../../core/name-list.js';
import { removeEmptyFolders } from '../commit.js';
import { DiskState, statsOf } from '../disk-state.js';
import { stampOf } from '../record/fingerprint.js';
import type { FileGroup, RecordHeader, WrittenFile } from '../record/record-lines.js';
import type { ViewRecord } from '../record/record.js';
import { isByProduct, temporaryIn } from '../view-paths.js';
import { depthOf, pathInLayout } from './layout.js';
import type { Layout } from '../../format.js';
import { makeFolderAround, moveWithin } from './move-within.js';

const IMAGES_AT_ONCE = 16; // keeps a disk busy without using up file descriptors

/** The folder of a view in an earlier layout. */
interface EarlierView {
  readonly root: string; // absolute, without links
  readonly record: ViewRecord;
  readonly throwIfStopped: () => Promise<void>; // throws once no more may be written
}

/**
 * Moves what was written in an earlier layout, edited or not, to where it is in this one. What the user put there
 * stays where it is, and so does a file whose new place is taken. The record has the old paths until all files of a
 * pass are moved, so that another process goes on where one was interrupted.
 *
 * A place may be free only after the file that was there has moved: `labels/a.txt` goes to `labels/train/a.txt`, where
 * those of an image `train/a.jpg` were. The deepest are therefore moved first, and each pass ends with a new record.
 *
 * @returns The files that the user edited, by their new paths, as far as this process moved them.
 * @throws PreannotateError WRITE_FAILED; JOURNAL_DAMAGED when the record is damaged.
 */
export async function relocate(view: EarlierView, layout: Layout): Promise<NameList> {
  const relocation = new Relocation(view, layout);
  await relocation.run();
  return relocation.edited;
}

class Relocation {
  readonly #view: EarlierView;
  readonly #layout: Layout;
  readonly #emptied = new Set<string>();
  readonly #links: string; // where links are before they get their names
  readonly edited = new NameList();

  constructor(view: EarlierView, layout: Layout) {
    this.#view = view;
    this.#layout = layout;
    this.#links = temporaryIn(view.root, 'links');
  }

  async run(): Promise<void> {
    const { record } = this.#view;
    const header = (await record.header())!;
    let depth = header.relocating ?? (await this.#findDepth());
    for (; depth >= 0; depth--) {
      await this.#makeRoom(depth);
      const { relocating: _, ...rest } = header;
      const next: RecordHeader =
        depth === 0 ? { ...rest, layout: this.#layout.subfolder } : { ...rest, relocating: depth - 1 };
      await record.complete(next, this.#movePass(depth));
    }
    await rm(this.#links, { recursive: true, force: true });
  }

  async #findDepth(): Promise<number> {
    let deepest = 0;
    for await (const { files } of this.#view.record.groups())
      for (const { path } of files) deepest = Math.max(deepest, depthOf(path, this.#layout) ?? 0);
    return deepest;
  }

  /** An image may have the name of a folder that files are moved into. */
  async #makeRoom(depth: number): Promise<void> {
    const { subfolder, trees } = this.#layout;
    const folders = new Set(trees.map((tree) => [tree, ...Array<string>(depth + 1).fill(subfolder)].join('/')));
    for await (const { files } of this.#view.record.groups()) {
      for (const { path } of files) {
        if (!folders.has(path)) continue;
        const aside = temporaryIn(this.#view.root, path.replaceAll('/', '-'));
        await makeFolderAround(join(this.#view.root, path), subfolder, aside);
      }
    }
  }

  /** Moves the files that are so deep. @returns The record afterwards. */
  async *#movePass(depth: number): AsyncGenerator<FileGroup> {
    const disk = new DiskState(this.#view.root);
    const obstacles = new Map<string, Promise<void>>();
    yield* mapInOrder(this.#view.record.groups(), IMAGES_AT_ONCE, async ({ files, ...group }) => {
      await this.#view.throwIfStopped();
      const moved: WrittenFile[] = [];
      for (const path of new Set(files.map((file) => file.path))) {
        const written = files.filter((file) => file.path === path);
        const isDue = depthOf(path, this.#layout) === depth;
        moved.push(...(isDue ? await this.#moveFile(path, written, { disk, obstacles }) : written));
      }
      return { ...group, files: moved };
    });
    if (depth === 0) await removeEmptyFolders({ root: this.#view.root, emptied: this.#emptied });
  }

  /** @returns What the record says of the file afterwards. */
  async #moveFile(
    path: string,
    written: readonly WrittenFile[],
    { disk, obstacles }: { disk: DiskState; obstacles: Map<string, Promise<void>> },
  ): Promise<WrittenFile[]> {
    const to = pathInLayout(path, this.#layout);
    this.#emptied.add(dirname(path));
    const moved = written.map(({ stamp: _, ...file }) => ({ ...file, path: to }));
    const obstacle = await disk.obstacleOf(path);
    if (obstacle !== undefined) {
      const moving = obstacles.get(obstacle) ?? this.#moveObstacle(obstacle, disk);
      obstacles.set(obstacle, moving);
      await moving;
      return moved;
    }
    const isFolderOfOthers = to.startsWith(`${path}/`); // what was there is in it now
    const isGone = (await statsOf(join(this.#view.root, path))) === undefined; // or moved before an interruption
    if (isFolderOfOthers || isGone) return moved;
    const { state, stamp } = await disk.find(path, written, written.at(-1)!.is);
    if (!(await this.#isFree(to, disk))) return [...written, ...moved];
    await this.#move(path, to, state !== 'edited');
    if (state === 'edited') this.edited.add(to);
    const now = await statsOf(join(this.#view.root, to));
    const isStamped = written.length === 1 && stamp === written[0]!.stamp && now !== undefined;
    return isStamped ? moved.map((file) => ({ ...file, stamp: stampOf(now) })) : moved;
  }

  /** A link or a file that the user put in the place of a folder. */
  async #moveObstacle(path: string, disk: DiskState): Promise<void> {
    const to = pathInLayout(path, this.#layout);
    if (to === path || to.startsWith(`${path}/`) || !(await this.#isFree(to, disk))) return;
    await this.#move(path, to, false);
    this.edited.add(to);
  }

  async #isFree(path: string, disk: DiskState): Promise<boolean> {
    const isObstructed = (await disk.obstacleOf(path)) !== undefined;
    return !isObstructed && (await statsOf(join(this.#view.root, path))) === undefined;
  }

  async #move(from: string, to: string, keepsText: boolean): Promise<void> {
    const temporary = join(this.#links, randomBytes(6).toString('hex'));
    await moveWithin(join(this.#view.root, from), join(this.#view.root, to), { keepsText, temporary });
  }
}

/** Files in the trees of a view that are not in the subfolder: what the user put there, and what could not be moved. */
export async function listOthers(root: string, { trees, subfolder }: Layout): Promise<NameList> {
  const left = new NameList();
  for (const tree of trees) {
    if ((await statsOf(join(root, tree)))?.isDirectory() !== true) continue;
    const entries = await readdir(join(root, tree), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const path = relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, '/');
      if (entry.isDirectory() || isByProduct(entry.name) || path.startsWith(`${tree}/${subfolder}/`)) continue;
      left.add(path);
    }
  }
  return left;
}
