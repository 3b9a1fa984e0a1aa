import { join } from 'node:path';
import { z } from 'zod';
import { systemCodeOf } from '../../core/errors.js';
import { PART_NAMES } from '../../core/data-set/split.js';
import { replaceIfChanged } from '../../disk/atomic.js';
import { jsonError } from '../../disk/json.js';
import { readTextFile } from '../../disk/regular-file.js';
import { StoredSplit } from '../view-options.js';

const FILE = 'splits.json';
const MAX_BYTES = 480 << 20; // two million images; a text cannot be much longer

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
    return Splits.parse(JSON.parse(await readTextFile(path, MAX_BYTES)));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    const hint = 'Correct the file or restore it from a copy; --reassign divides all images anew.';
    throw jsonError(path, error, { code: 'JOURNAL_DAMAGED', hint });
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
