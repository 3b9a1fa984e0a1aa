import { join } from 'node:path';
import { stat } from 'node:fs/promises';
import { fromCell, readCsvRows, toCell, toCsvLines } from '../csv-rows.js';
import { withoutEnding } from '../reading/image-names.js';
import { ownText } from '../reading/own-text.js';
import type { PairedName } from '../paired-names.js';

/** Which images are called otherwise in the tree: `file,image`, a line each. */
export const RENAMED = 'renamed.csv';

/** The lines of that file. */
export async function* listRenamed(
  places: AsyncIterable<{ readonly image: { readonly name: string }; readonly place: PairedName }>,
): AsyncGenerator<string> {
  yield toCsvLines([['file', 'image']]);
  for await (const { image, place } of places)
    if (place.image !== image.name) yield toCsvLines([[toCell(place.image), toCell(image.name)]]);
}

/** The names of images by their files in the tree, without the endings of those; empty where none are renamed. */
export async function readRenamed(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  const path = join(folder, RENAMED);
  const isThere = await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (!isThere) return names;
  for await (const { values } of readCsvRows(path)) {
    const [file, image] = values.map(fromCell);
    if (file !== undefined && image !== undefined) names.set(ownText(withoutEnding(file)), ownText(image));
  }
  return names;
}
