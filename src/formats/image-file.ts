import { closeSync, constants, fstatSync, openSync, readSync, symlinkSync } from 'node:fs';
import { copyFile, link, realpath, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, relative, sep } from 'node:path';
import { systemCodeOf } from '../core/errors.js';
import type { ImageFiles } from '../core/image-files.js';
import { callFile } from '../disk/calls/call-file.js';
import { openRegularFile } from '../disk/regular-file.js';
import { withWriteErrors } from '../disk/write-failure.js';
import { NameList } from '../core/name-list.js';
import { counted } from '../core/text.js';
import { fingerprintFile, inodeOf, type FileContent, type Fingerprint } from './view-folder/record/fingerprint.js';
import type { UprightWriter } from './format.js';
import type { ViewFile } from './view-folder/view-file.js';

/** Windows without the privilege, FAT, some network drives. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];
const NO_HARD_LINK = [...NO_LINKS, 'EXDEV', 'EMLINK', 'ENOENT'];
const JPEG_START = Buffer.from([0xff, 0xd8]);
const JPEG_END = Buffer.from([0xff, 0xd9]);

/** An image that a view has beside its labels. */
export interface ImagePlace {
  readonly path: string; // in the view
  readonly source: string; // absolute path of the user's image
  readonly name: string; // in messages
  readonly content: FileContent; // of the image when it was annotated
  readonly isMissing: boolean; // it is gone since: what is in the view stays
}

type How = Exclude<ImageFiles, 'none'> | 'upright';

/** How one image is placed. */
interface Placement {
  readonly how: How;
  readonly isRewritable: boolean; // training programs rewrite such a file, which is not an edit
}

/** Puts the images of a view beside their labels, and counts what could not be done as requested. */
export class ImagePlacer {
  readonly #how: How;
  readonly #upright: UprightWriter | undefined;
  #turned = 0;
  readonly #undecodable = new NameList(); // turned ones
  readonly #rewritable = new NameList();
  #left = 0;

  /** @param upright - Writes images that their EXIF orientation turns. */
  constructor(how: How, upright?: UprightWriter) {
    this.#how = how;
    this.#upright = upright;
  }

  toViewFile(image: ImagePlace): ViewFile {
    if (image.isMissing) return { path: image.path, isLast: true, write: () => Promise.resolve(undefined) };
    let decision: Promise<Placement> | undefined;
    const decide = () => (decision ??= this.#decide(image));
    return {
      path: image.path,
      foresee: async (place) => await foresee(image, await decide(), place),
      write: async (target, place) => {
        const is = await withWriteErrors(place, () => this.#write(image, decide, { target, place }));
        if (is === undefined) this.#left++;
        return is;
      },
    };
  }

  /**
   * @param view - What notes begin with: `yolo`.
   * @param folder - Of the images, for messages: `yolo/images`.
   */
  notes(view: string, folder: string): string[] {
    const { count, summary } = this.#rewritable;
    const copied =
      `${view}: ${counted(count, 'JPEG file')} with data after the end of the picture (${summary}) ` +
      `${count === 1 ? 'is' : 'are'} copied into ${folder}: training programs rewrite such files, and would ` +
      'rewrite your originals through a link.';
    const left =
      `${view}: ${counted(this.#left, 'image')} could not be placed in ${folder}: use ` +
      '--images copy, or copy them there yourself.';
    const turned = `${view}: ${counted(this.#turned, 'image')} written upright into ${folder}, without EXIF tags.`;
    const { count: asStored, summary: names } = this.#undecodable;
    const undecodable =
      `${view}: ${counted(asStored, 'image')} that EXIF turns (${names}) could not be decoded, and ` +
      `${asStored === 1 ? 'is' : 'are'} in ${folder} as stored, not upright.`;
    return [
      ...(this.#turned > 0 ? [turned] : []),
      ...(asStored > 0 ? [undecodable] : []),
      ...(count > 0 ? [copied] : []),
      ...(this.#left > 0 ? [left] : []),
    ];
  }

  async #write(
    image: ImagePlace,
    decide: () => Promise<Placement>,
    at: { target: string; place: string },
  ): Promise<Fingerprint | undefined> {
    const placement = await decide();
    if (placement.how !== 'upright') return await write(image, placement, at);
    if (!(await this.#upright!.write(image.source, at.target))) {
      await rm(at.target, { force: true }); // a process that died may have left a part of it
      this.#undecodable.add(image.name);
      return await write(image, await this.#decideAsStored(image), at);
    }
    this.#turned++;
    return await fingerprintFile(at.target);
  }

  async #decide(image: ImagePlace): Promise<Placement> {
    if ((await this.#upright?.isTurned(image.source)) === true) return { how: 'upright', isRewritable: false };
    return await this.#decideAsStored(image);
  }

  async #decideAsStored({ source, name }: ImagePlace) {
    const isRewritable = await isRewrittenByTrainers(source);
    if (isRewritable && this.#how !== 'copy') this.#rewritable.add(name);
    return { how: isRewritable ? 'copy' : this.#how, isRewritable };
  }
}

/**
 * Whether Ultralytics and YOLOv5 save a file again in its place: every JPEG whose last two bytes are not FFD9, such as
 * phone photos with a trailer, motion photos, and padded files.
 */
export async function isRewrittenByTrainers(path: string): Promise<boolean> {
  try {
    const { size, start, end } = await callFile({ now: () => readEndsNow(path), later: () => readEnds(path) });
    return size >= 2 * EDGE_BYTES && start.equals(JPEG_START) && !end.equals(JPEG_END);
  } catch {
    return false; // gone, or not readable: nor can it be rewritten
  }
}

/** What a file begins and ends with. */
interface Ends {
  readonly size: number;
  readonly start: Buffer;
  readonly end: Buffer;
}

const EDGE_BYTES = 2;

async function readEnds(path: string): Promise<Ends> {
  await using file = await openRegularFile(path);
  const { size } = await file.stat();
  const [start, end] = [Buffer.alloc(EDGE_BYTES), Buffer.alloc(EDGE_BYTES)];
  await file.read(start, 0, EDGE_BYTES, 0);
  if (size > EDGE_BYTES) await file.read(end, 0, EDGE_BYTES, size - EDGE_BYTES);
  return { size, start, end };
}

function readEndsNow(path: string): Ends {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    const size = stats.isFile() ? stats.size : 0; // a device may never end
    const [start, end] = [Buffer.alloc(EDGE_BYTES), Buffer.alloc(EDGE_BYTES)];
    if (size > EDGE_BYTES) {
      readSync(file, start, 0, EDGE_BYTES, 0);
      readSync(file, end, 0, EDGE_BYTES, size - EDGE_BYTES);
    }
    return { size, start, end };
  } finally {
    closeSync(file);
  }
}

async function foresee(
  { source, content }: ImagePlace,
  { how, isRewritable }: Placement,
  place: string,
): Promise<Fingerprint | undefined> {
  if (how === 'upright') return undefined; // known once it is written
  if (how === 'symlink') return { link: linkText(source, place) };
  if (how === 'copy') return isRewritable ? { ...content, rewritable: true } : content;
  const stats = await stat(source, { bigint: true }).catch(() => undefined);
  return stats === undefined ? undefined : { inode: inodeOf(stats), content };
}

/** @returns undefined when the image could not be placed: labels are useful without it. */
async function write(
  { source, content }: ImagePlace,
  { how, isRewritable }: Placement,
  { target, place }: { target: string; place: string },
): Promise<Fingerprint | undefined> {
  if (how === 'copy') {
    const is = await copy(source, target);
    return is !== undefined && isRewritable ? { ...is, rewritable: true } : is;
  }
  if (how === 'hardlink') return await hardLink(source, target, content);
  const text = linkText(source, place);
  try {
    await callFile({ now: () => symlinkSync(text, target), later: () => symlink(text, target) });
    return { link: text };
  } catch (error) {
    if (!NO_LINKS.includes(systemCodeOf(error) ?? '')) throw error;
    return await hardLink(source, target, content);
  }
}

let last = { from: '', to: '', lead: '' };

/** Relative, so that the output folder can be moved with the images. Mostly it leads where the last one did. */
function linkText(source: string, place: string): string {
  const [from, to] = [dirname(place), dirname(source)];
  if (from !== last.from || to !== last.to) last = { from, to, lead: relative(from, to) };
  return last.lead === '' ? basename(source) : `${last.lead}${sep}${basename(source)}`;
}

async function hardLink(source: string, target: string, content: FileContent): Promise<Fingerprint | undefined> {
  try {
    const image = await realpath(source); // a link to the image, not to a link
    await link(image, target);
    return { inode: inodeOf(await stat(target, { bigint: true })), content };
  } catch (error) {
    if (NO_HARD_LINK.includes(systemCodeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Shares the blocks of the image where the file system can; they part when one of the files is written. */
async function copy(source: string, target: string): Promise<FileContent | undefined> {
  const stats = await stat(source).catch(() => undefined);
  if (stats?.isFile() !== true) return undefined; // gone since it was annotated
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  return await fingerprintFile(target);
}
