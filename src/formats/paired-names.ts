import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { ViewImage } from '../core/image.js';
import { compareUtf8, counted } from '../core/text.js';
import type { View } from './format.js';
import { HashedSet } from './hashed-set.js';

const MAX_NAME_BYTES = 255; // of file systems in use
const MAX_EXTENSION_LENGTH = 16; // what is longer is a name with a dot in it

/** How the readers of a format find the labels of an image. */
export interface PairingRule {
  readonly view: string; // what notes begin with: `yolo`
  readonly ending: string; // of label files: `.txt`
  readonly replacesImages?: true; // readers replace the last `/images/` of a path by `/labels/`
  readonly reserved?: readonly string[]; // files of the view itself, beside those of images, in lower case
  readonly isListed?: true; // readers take paths without endings from lists, without white space at their ends
}

/** Where an image and its labels are in the trees of a view. */
export interface PairedName {
  readonly image: string;
  readonly label: string;
}

/**
 * Gives every image a path whose label file readers find: it differs from that of the image by its ending alone. Names
 * for which that fails are changed, and counted in `notes`. The path of an image depends on the images before it:
 * always call in the same order.
 */
export class PairedNames {
  readonly #rule: PairingRule;
  readonly #taken = new HashedSet(); // a false match only adds a suffix
  #inRenamedFolders = 0;
  #suffixed = 0;
  #encoded = 0;

  constructor(rule: PairingRule) {
    this.#rule = rule;
  }

  of(name: string): PairedName {
    const { place, extension, isEncoded, isInRenamedFolder, isSuffixed } = this.#take(name);
    if (isEncoded) this.#encoded++;
    if (isInRenamedFolder) this.#inRenamedFolders++;
    if (isSuffixed) this.#suffixed++;
    return { image: place + extension, label: place + this.#rule.ending };
  }

  /** Keeps the path of an image that is not in the tree, in its turn. */
  reserve(name: string): void {
    this.#take(name);
  }

  /** What was changed, a sentence for each kind of change. */
  get notes(): string[] {
    const { view, replacesImages, ending, isListed } = this.#rule;
    const example = replacesImages === true ? 'images_' : `a${ending}_`;
    const encoded =
      isListed === true
        ? 'with control characters, spaces at the ends or "#" at the start in the name'
        : 'with control characters in the name';
    const changes: [number, string][] = [
      [
        this.#inRenamedFolders,
        `in a folder whose name would mislead readers: "_" is added to it in ${view}/, as in "${example}"`,
      ],
      [
        this.#suffixed,
        `called "…__<extension>" in ${view}/, because the name of another one differs only by extension or capitals`,
      ],
      [this.#encoded, `${encoded}, which are percent-encoded in ${view}/`],
    ];
    return changes
      .filter(([count]) => count > 0)
      .map(([count, what]) => `${view}: ${counted(count, 'image')} ${what}.`);
  }

  #take(name: string) {
    const { isListed = false } = this.#rule;
    const safe = encodeControls(isListed ? encodeStart(name) : name);
    const folder = renameFolder(safe, this.#rule);
    const { stem, extension } = splitAtDot(posix.basename(safe));
    const kept = isListed ? encodeEnd(stem) : stem;
    const { free, isSuffixed } = this.#freeStem(folder.path, kept, extension);
    const place = posix.join(folder.path, free);
    const isEncoded = safe !== name || kept !== stem;
    return { place, extension, isEncoded, isInRenamedFolder: folder.renamed, isSuffixed };
  }

  /** The stem, or a variant that is unique in the folder even where capitals and accents are folded. */
  #freeStem(folder: string, stem: string, extension: string): { free: string; isSuffixed: boolean } {
    const room = MAX_NAME_BYTES - Math.max(this.#rule.ending.length, Buffer.byteLength(extension));
    const keyOf = (free: string) => posix.join(folder, free).normalize('NFC').toLowerCase();
    let free = truncateName(stem, room);
    if (this.#taken.add(keyOf(free))) return { free, isSuffixed: false };
    let other = `${stem}__${extension.slice(1)}`;
    for (free = truncateName(other, room); !this.#taken.add(keyOf(free)); free = truncateName(other, room))
      other += '_';
    return { free, isSuffixed: true };
  }
}

/**
 * The images of a view and their places. Those that are left out keep their places: a file of labels that was edited
 * must not become another image's.
 */
export async function* placeImages(
  { images, listHidden }: Pick<View, 'images' | 'listHidden'>,
  names: PairedNames,
): AsyncGenerator<{ image: ViewImage; place: PairedName }> {
  const hiddenNames = (await listHidden?.()) ?? [];
  let reserved = 0;
  for await (const image of images) {
    while (reserved < hiddenNames.length && compareUtf8(hiddenNames[reserved]!, image.name) < 0)
      names.reserve(hiddenNames[reserved++]!);
    yield { image, place: names.of(image.name) };
  }
}

/** Characters that end a line, or are interpreted, in lists and logs of file names. */
function encodeControls(name: string): string {
  return name.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (character) => encodeURIComponent(character));
}

/** What lists take for a comment, or cut off. */
function encodeStart(name: string): string {
  return name.replace(/^(?:#|\s)/u, (character) => encodeURIComponent(character));
}

/** An empty line names no image. */
function encodeEnd(stem: string): string {
  return stem === '' ? '_' : stem.replace(/\s$/u, (space) => encodeURIComponent(space));
}

function renameFolder(
  name: string,
  { ending, replacesImages, reserved = [] }: PairingRule,
): { path: string; renamed: boolean } {
  const dir = posix.dirname(name);
  if (dir === '.') return { path: '', renamed: false };
  let renamed = false;
  const parts = dir.split('/').map((part, depth) => {
    // A folder `a.txt` would take the place of the labels of `a.jpg`.
    const lower = part.toLowerCase();
    const isTaken = lower.endsWith(ending) || (depth === 0 && reserved.includes(lower));
    const misleads = isTaken || (replacesImages === true && part === 'images');
    renamed ||= misleads;
    return truncateName(misleads ? `${part}_` : part, MAX_NAME_BYTES);
  });
  return { path: parts.join('/'), renamed };
}

/** As readers split it: also at the leading dot of a hidden file. */
function splitAtDot(file: string): { stem: string; extension: string } {
  const dot = file.lastIndexOf('.');
  if (dot === -1 || file.length - dot > MAX_EXTENSION_LENGTH) return { stem: file, extension: '' };
  return { stem: file.slice(0, dot), extension: file.slice(dot) };
}

/** Cuts a name to so many bytes, between characters, and replaces the rest by a hash. */
function truncateName(name: string, maxBytes: number): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= maxBytes) return name;
  const hash = `~${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}`;
  return bytes.toString('utf8', 0, maxBytes - hash.length).replace(/\ufffd+$/, '') + hash;
}
