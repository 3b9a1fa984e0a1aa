import type { ImageFiles } from '../core/image-files.js';
import type { ViewImage } from '../core/image.js';
import { below } from '../disk/calls/below.js';
import type { PartName } from '../core/data-set/split.js';
import type { View } from './format.js';
import { ImagePlacer } from './image-file.js';
import { ImageDownloader } from './remote-image-file.js';
import type { ViewFile } from './view-folder/view-file.js';

/** Where a view has its images. */
interface ImageFolder {
  readonly name: string; // of the view: `yolo`
  readonly folder: string; // for messages: `yolo/images`
  readonly usual: ImageFiles; // how, unless the user asked otherwise
}

/** The images that a view has beside its labels: links, copies, downloads, or none. */
export class ViewImages {
  readonly #view: View;
  readonly #place: ImageFolder;
  readonly #placer: ImagePlacer | undefined;
  readonly #downloader: ImageDownloader;

  constructor(view: View, place: ImageFolder) {
    const { imageFiles = place.usual } = view;
    this.#view = view;
    this.#place = place;
    this.#placer = imageFiles === 'none' ? undefined : new ImagePlacer(imageFiles, view.uprightWriter);
    this.#downloader = new ImageDownloader(view);
  }

  get areWanted(): boolean {
    return this.#placer !== undefined;
  }

  /** @param path - Of the image in the view. @returns None where no images are wanted. */
  filesOf({ name, sizeBytes: size, sha256, isMissing = false, url }: ViewImage, path: string): ViewFile[] {
    if (this.#placer === undefined) return [];
    const placed = { path, name, content: { size, sha256 }, isMissing };
    const { root } = this.#view;
    if (root === undefined) return [this.#downloader.toViewFile({ ...placed, url })];
    return [this.#placer.toViewFile({ ...placed, source: below(root, name) })];
  }

  /** After the files were written. */
  get notes(): string[] {
    const { name, folder } = this.#place;
    const none = `${folder} is not written (--images none), but training programs read it: --images copy writes it.`;
    return [...(this.#placer?.notes(name, folder) ?? [none]), ...this.#downloader.notes(name)];
  }
}

/** The images of one part of a view. */
export function imagesOfPart(
  { images, imagesOf }: Pick<View, 'images' | 'imagesOf'>,
  part: PartName,
): AsyncIterable<ViewImage> {
  return imagesOf?.(part) ?? filterPart(images, part);
}

async function* filterOnce(images: AsyncIterable<ViewImage>, part: PartName): AsyncGenerator<ViewImage> {
  for await (const image of images) if (image.part === part) yield image;
}

function filterPart(images: AsyncIterable<ViewImage>, part: PartName): AsyncIterable<ViewImage> {
  return { [Symbol.asyncIterator]: () => filterOnce(images, part) };
}
