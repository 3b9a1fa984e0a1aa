import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PART_NAMES } from '../../core/data-set/split.js';
import { counted } from '../../core/text.js';
import type { DataSet } from '../../core/data-set/data-set.js';
import type { ReadOptions } from '../reading/read-options.js';
import { readJsonItems } from '../reading/json-items.js';
import { dataSetError } from '../reading/errors.js';
import { DataSetProbe } from '../reading/probe.js';
import { CocoTable } from './coco-table.js';

const INSTANCES = 'instances.json';
const FOLDERS = ['', 'annotations']; // where programs put the file

/** Files of these names are never left out: one that does not look like instances is damaged. */
const OUR_NAMES = /^instances(?:_.+)?\.json$/;

/** What files of other formats have, whatever they are called: LabelMe, tasks of Label Studio, results. */
const OTHER_FORMATS = ['shapes', '[].data', '[].image_id'];

/** Whether a path is a COCO file, of instances or of results as `COCO.loadRes` reads them, or a folder of instances. */
export async function recogniseCoco(probe: DataSetProbe): Promise<boolean> {
  if (!probe.isFolder) return (await isInstances(probe, probe.path)) || (await isResults(probe, probe.path));
  return (await listCocoFiles(probe)).length > 0;
}

/**
 * Reads what COCO's own tools, Detectron2, CVAT, Datumaro or Label Studio wrote: ids from 0, boxes without `area` or
 * `iscrowd`, sizes with decimals. Of a segmentation, the box is read. A file of results uses the numbers of another
 * file: `numberedAs`, or the instances beside it.
 */
export async function readCoco(probe: DataSetProbe, options: ReadOptions): Promise<DataSet> {
  const file = await findCocoFile(probe);
  const table = new CocoTable(file, options);
  const hasResults = await isResults(probe, file);
  const lists = hasResults ? [''] : ['categories', 'images', 'annotations'];
  for await (const items of readJsonItems(file, lists)) items.forEach((item) => table.take(item));
  if (!hasResults) {
    await takeParts(table, file);
    return table.toDataSet({ notes: [] });
  }
  const numbers = options.numberedAs ?? (await readBeside(file, options));
  if (numbers === undefined) table.takeBareNumbers();
  else await table.takeNumbers(numbers);
  return table.toDataSet(numbers === undefined ? { isNumbered: true, notes: [] } : { notes: [] });
}

/** The parts of images, from the files of each part beside ours: `instances_train.json`. */
async function takeParts(table: CocoTable, file: string): Promise<void> {
  if (basename(file) !== INSTANCES) return;
  for (const part of PART_NAMES) {
    const path = join(dirname(file), `instances_${part}.json`);
    const isThere = await stat(path).then(
      (stats) => stats.isFile(),
      () => false,
    );
    if (!isThere) continue;
    for await (const items of readJsonItems(path, ['images'])) items.forEach((item) => table.takePart(item, part));
  }
}

/** The file that is read of a path. @throws PreannotateError DATA_SET_INVALID when there are none, or several. */
export async function findCocoFile(probe: DataSetProbe): Promise<string> {
  return probe.isFolder ? chooseFile(probe.path, await listCocoFiles(probe)) : probe.path;
}

/** The instances that a file of results lies beside, as this program writes them. */
async function readBeside(results: string, options: ReadOptions): Promise<DataSet | undefined> {
  const path = join(dirname(results), INSTANCES);
  const probe = await DataSetProbe.open(path).catch(() => undefined);
  if (probe === undefined || probe.isFolder || !(await isInstances(probe, path))) return undefined;
  return await readCoco(probe, options);
}

function chooseFile(folder: string, files: readonly string[]): string {
  const [file, ...others] = files;
  if (file === undefined) throw dataSetError({ where: folder, problem: 'there is no COCO file in it' });
  if (others.length === 0 || basename(file) === INSTANCES) return file;
  const names = files.map((path) => basename(path)).join(', ');
  const hint = 'Name the one that you mean.';
  throw dataSetError({ where: folder, problem: `it holds ${counted(files.length, 'COCO file')}: ${names}`, hint });
}

/** The files of instances in a folder; ours alone where it is there, because others beside it are parts of it. */
export async function listCocoFiles(probe: DataSetProbe): Promise<string[]> {
  const found: string[] = [];
  for (const folder of FOLDERS) {
    for (const file of await probe.files('.json', folder)) {
      if (!(await isInstances(probe, file))) continue;
      if (basename(file) === INSTANCES) return [file];
      found.push(file);
    }
  }
  return found;
}

async function isInstances(probe: DataSetProbe, file: string): Promise<boolean> {
  const paths = await probe.jsonPaths(file);
  if (paths.has('images[].file_name') || paths.has('annotations[].image_id')) return true;
  if (paths.has('images') && (paths.has('annotations') || paths.has('categories'))) return true;
  return OUR_NAMES.test(basename(file)) && !OTHER_FORMATS.some((path) => paths.has(path));
}

/** Whether a file is a list of results, as `COCO.loadRes` reads it. */
export async function isResults(probe: DataSetProbe, file: string): Promise<boolean> {
  const paths = await probe.jsonPaths(file);
  return (paths.has('[].image_id') && paths.has('[].category_id')) || (paths.size === 1 && paths.has('[]'));
}
