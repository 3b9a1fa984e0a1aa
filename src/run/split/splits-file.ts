import { join } from 'node:path';
import { z } from 'zod';
import { systemCodeOf } from '../../core/errors.js';
import { isPartName, PART_NAMES } from '../../core/data-set/split.js';
import { replaceIfChanged } from '../../disk/atomic.js';
import { jsonError } from '../../disk/json.js';
import { readLineBytes } from '../../disk/lines.js';
import { readTextFile } from '../../disk/regular-file.js';
import { StoredSplit } from '../view-options.js';

const FILE = 'splits.json';
const MAX_BYTES = 480 << 20; // of a file that has not one image a line: a text cannot be much longer
const MAX_REST_CHARS = 1 << 16; // of all lines that are no image

const DividedImage = z.object({
  image: z.string(),
  part: z.enum(PART_NAMES),
  sha256: z.string(), // of the image file
  group: z.string().exactOptional(), // key of the images that it stays together with, where that is not its hash
});
export type DividedImage = z.output<typeof DividedImage>;

const Splits = z.object({
  split: StoredSplit,
  made_from: z.string(), // digest of what decided the parts
  images: z.array(DividedImage), // sorted by name
  removed: z.array(DividedImage), // were in the views once, and would get their parts again
});
type Parsed = z.output<typeof Splits>;
export interface Splits extends Readonly<Pick<Parsed, 'split' | 'made_from'>> {
  readonly images: readonly DividedImage[];
  readonly removed: readonly DividedImage[];
}

/**
 * `splits.json`: the part of each image. Parts that are in it are kept.
 *
 * @returns undefined when there is no such file.
 * @throws PreannotateError JOURNAL_DAMAGED
 */
export async function readSplits(outDir: string): Promise<Splits | undefined> {
  const path = join(outDir, FILE);
  try {
    return (await readByLine(path)) ?? Splits.parse(JSON.parse(await readTextFile(path, MAX_BYTES)));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    const hint = 'Correct the file or restore it from a copy; --reassign divides all images anew.';
    throw jsonError(path, error, { code: 'JOURNAL_DAMAGED', hint });
  }
}

/**
 * Reads a file that has one image a line, as it is written: its whole text would take several times the memory.
 *
 * @returns undefined where it has another form, or is damaged.
 */
async function readByLine(path: string): Promise<Splits | undefined> {
  const reader = new SplitsReader();
  for await (const lines of readLineBytes(path))
    for (const { content } of lines) if (!reader.add(content.toString())) return undefined;
  return reader.splits();
}

class SplitsReader {
  readonly #images: DividedImage[] = [];
  readonly #removed: DividedImage[] = [];
  readonly #groups = new Map<string, string>(); // one text for all images of a group
  #list: DividedImage[] | undefined; // that has begun
  #isContinued = false; // the last line ended with a comma after an image
  #rest = '';

  /** @returns Whether the file may have the form that it is written in. */
  add(line: string): boolean {
    if (line.startsWith('{"image":')) return this.#addImage(line);
    this.#list = { '"images": [': this.#images, '"removed": [': this.#removed }[line];
    this.#rest += `${line}\n`;
    return !this.#isContinued && this.#rest.length <= MAX_REST_CHARS;
  }

  splits(): Splits | undefined {
    const { data } = Splits.safeParse(parseJson(this.#rest));
    if (data === undefined || data.images.length + data.removed.length > 0) return undefined;
    return { ...data, images: this.#images, removed: this.#removed };
  }

  #addImage(line: string): boolean {
    if (this.#list === undefined || this.#list.length > 0 !== this.#isContinued) return false;
    this.#isContinued = line.endsWith(',');
    const image = parseJson(this.#isContinued ? line.slice(0, -1) : line);
    if (!isDividedImage(image)) return false;
    const { image: name, sha256, group } = image;
    const part = PART_NAMES.find((one) => one === image.part)!;
    this.#list.push({ image: name, part, sha256, ...(group === undefined ? {} : { group: this.#share(group) }) });
    return true;
  }

  #share(group: string): string {
    const shared = this.#groups.get(group);
    if (shared === undefined) this.#groups.set(group, group);
    return shared ?? group;
  }
}

/** By hand, because a schema takes several times as long; what is wrong is found by the schema. */
function isDividedImage(value: unknown): value is DividedImage {
  if (typeof value !== 'object' || value === null) return false;
  const { image, part, sha256, group } = value as Partial<Record<string, unknown>>;
  const isGroup = group === undefined || typeof group === 'string';
  return typeof image === 'string' && isPartName(part) && typeof sha256 === 'string' && isGroup;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes the file, unless it is on disk like this. @throws PreannotateError WRITE_FAILED */
export async function writeSplits(outDir: string, splits: Splits): Promise<void> {
  await replaceIfChanged(join(outDir, FILE), toText(splits));
}

/** One image a line, so that changes can be seen. */
function* toText({ split, made_from: madeFrom, images, removed }: Splits): Generator<string> {
  yield `{\n"split": ${JSON.stringify(split)},\n"made_from": ${JSON.stringify(madeFrom)},\n"images": [`;
  yield* toItems(images);
  yield '],\n"removed": [';
  yield* toItems(removed);
  yield ']\n}\n';
}

function* toItems(images: readonly DividedImage[]): Generator<string> {
  let separator = '\n';
  for (const image of images) {
    yield separator + JSON.stringify(image);
    separator = ',\n';
  }
  if (images.length > 0) yield '\n';
}
