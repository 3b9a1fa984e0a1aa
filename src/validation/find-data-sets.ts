import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import { openProbe, recogniseFormat, requireImagesFolder } from '../data-set/open.js';
import { imageRootOfRun } from '../data-set/run.js';
import { listCocoFiles } from '../formats/coco/read-coco.js';
import { formatNames, formats, type FormatName } from '../formats/index.js';
import { DataSetProbe } from '../formats/reading/probe.js';
import { JOURNAL_FILE } from '../run/read-journal.js';

/** A data set, and what it is read as. */
export interface FoundDataSet {
  readonly probe: DataSetProbe;
  readonly format: FormatName;
  readonly imagesRoot: string | undefined; // absolute; undefined: where the format has the images
  readonly outDir?: string; // absolute, of the run whose first view it is
  readonly areImagesExpected?: boolean; // in `imagesRoot`, because a run says so
}

/** What the user says of a path. */
interface Stated {
  readonly format?: FormatName | undefined;
  readonly imagesRoot?: string | undefined; // absolute
}

/**
 * The data set of a path; of the output folder of a run, all its views.
 *
 * @throws PreannotateError INPUT_NOT_FOUND, DATA_SET_INVALID when the path is of no format, or of several.
 */
export async function findDataSets(path: string, { format, imagesRoot }: Stated): Promise<readonly FoundDataSet[]> {
  const probe = await openProbe(resolve(path));
  await requireImagesFolder(imagesRoot);
  const found = (await isRun(probe)) ? 'run' : (format ?? (await recogniseFormat(probe)));
  if (found === 'coco') return await findCocoFiles(probe, imagesRoot);
  if (found !== 'run') return [{ probe, format: found, imagesRoot }];
  const views: FoundDataSet[] = [];
  let root: string | undefined;
  for (const name of format === undefined ? formatNames : [format]) {
    const folder = join(probe.path, name);
    const isThere = await isFile(join(folder, formats[name].signature));
    if (!isThere) continue;
    const own = 'images' in formats[name]; // the view has its images
    const ofRun = views.length === 0 ? { outDir: probe.path } : {}; // what is wrong with all is reported once
    if (!own) root ??= await imageRootOfRun(probe.path, imagesRoot);
    const images = own ? { imagesRoot } : { imagesRoot: root, areImagesExpected: root !== undefined };
    views.push({ probe: await DataSetProbe.open(folder), format: name, ...images, ...ofRun });
  }
  if (views.length > 0) return views;
  throw new PreannotateError({
    code: 'DATA_SET_INVALID',
    message: `${printable(probe.path)} holds a run without ${format ?? 'annotation'} files.`,
    hint: '`preannotate export` writes them.',
  });
}

/** A folder may have a file for each part; other programs read them one by one. */
async function findCocoFiles(probe: DataSetProbe, imagesRoot: string | undefined): Promise<FoundDataSet[]> {
  const files = probe.isFolder ? await listCocoFiles(probe) : [];
  if (files.length < 2) return [{ probe, format: 'coco', imagesRoot }];
  return await Promise.all(
    files.map(async (file) => ({ probe: await DataSetProbe.open(file), format: 'coco', imagesRoot })),
  );
}

async function isRun(probe: DataSetProbe): Promise<boolean> {
  return probe.isFolder && (await isFile(join(probe.path, JOURNAL_FILE)));
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
