import { stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { LineCounter, parse as parseYaml, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../../core/errors.js';
import { MAX_JSON_BYTES } from '../../disk/json.js';
import { readTextFile } from '../../disk/regular-file.js';
import { dataSetError, toDataSetError } from '../reading/errors.js';

/** What the files of a YOLO data set say of it. */
export interface YoloDescription {
  readonly folder: string; // absolute, of the data set
  readonly classNames: readonly string[] | undefined; // undefined where classes have numbers alone
  readonly parts: readonly YoloPart[];
  readonly hasKeypoints: boolean; // rows have more columns behind those of the box
}

/** Images that belong together. */
export interface YoloPart {
  readonly names: readonly string[]; // train, val …: the parts that have these images; none where there are no parts
  readonly place: string; // absolute
  readonly kind: 'images' | 'list' | 'labels'; // a folder of images, a list of them, or a folder of labels alone
}

const Places = z.union([z.string(), z.array(z.string()), z.null()]).optional();
const DataYaml = z.looseObject({
  path: z.union([z.string(), z.null()]).optional(),
  names: z.union([z.array(z.string()), z.record(z.string(), z.string()), z.literal('')]).optional(),
  nc: z.string().optional(),
  train: Places,
  val: Places,
  test: Places,
  kpt_shape: z.unknown().optional(),
});

export const DATA_YAML = /^data\.ya?ml$/;

const PARTS = ['train', 'val', 'test'] as const;

/** Reads `data.yaml` as Ultralytics does. Every value is text, so that a class may be called `no` or `1`. */
export async function readDataYaml(file: string): Promise<YoloDescription> {
  const text = await readText(file);
  const { path, names, nc, kpt_shape: keypoints, ...places } = parseDataYaml(text, file);
  const folder = dirname(file);
  const root = await chooseRoot(folder, path ?? '');
  const stated = PARTS.flatMap((part) =>
    [places[part] ?? []].flat().flatMap((place) => (place === '' ? [] : [{ part, place }])),
  );
  const parts = new Map<string, string[]>();
  for (const { part, place } of stated) {
    const found = await findPlace(root, place);
    parts.set(found, [...(parts.get(found) ?? []), part]);
  }
  return {
    folder,
    classNames: names === undefined || names === '' ? numberNames(nc, file) : listNames(names, file),
    parts: [...parts].map(([place, partNames]) => toPart(place, partNames)),
    hasKeypoints: keypoints !== undefined,
  };
}

/** Whether a file is such a one: by its text, of which one called `data.yaml` may lack the names. */
export function isDataYaml(file: string, text: string): boolean {
  const hasClasses = /^(?:names|nc)\s*:/m.test(text) || DATA_YAML.test(basename(file));
  return hasClasses && /^(?:train|val)\s*:/m.test(text);
}

/** Reads `obj.data` of darknet, as CVAT exports it in its format YOLO 1.1. */
export async function readObjData(file: string): Promise<YoloDescription> {
  const pairs = (await readText(file)).split(/\r?\n/).map((line) => /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line));
  const values = new Map(pairs.flatMap((pair) => (pair === null ? [] : [[pair[1]!, pair[2]!] as const])));
  const folder = dirname(file);
  const names = values.get('names');
  if (names === undefined) throw dataSetError({ where: file, problem: 'has no line "names = …"' });
  const parts: YoloPart[] = [];
  for (const [key, place] of values)
    if (['train', 'valid', 'test'].includes(key))
      parts.push(toPart(await findPlace(folder, place), [key === 'valid' ? 'val' : key]));
  return { folder, classNames: await readClassList(await findPlace(folder, names)), parts, hasKeypoints: false };
}

export function isObjData(text: string): boolean {
  return /^\s*names\s*=/m.test(text) && /^\s*(?:train|valid|test)\s*=/m.test(text);
}

/** A file with the name of a class on each line: `classes.txt`, `obj.names`. */
export async function readClassList(file: string): Promise<string[]> {
  const names = (await readText(file)).split(/\r?\n/);
  while (names.at(-1)?.trim() === '') names.pop();
  return names.map((name) => name.trim());
}

function parseDataYaml(text: string, file: string): z.output<typeof DataYaml> {
  const lineCounter = new LineCounter();
  let value: unknown;
  try {
    value = parseYaml(text, { schema: 'failsafe', lineCounter, prettyErrors: false });
  } catch (error) {
    const line = error instanceof YAMLParseError ? `:${Math.max(1, lineCounter.linePos(error.pos[0]).line)}` : '';
    const reason = messageOf(error).replace(/(?<=["'])quote$/, ' quote'); // the parser writes `"quote`
    throw dataSetError({ where: file + line, problem: `it is not YAML (${reason})` }, error);
  }
  const result = DataYaml.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw dataSetError({ where: file, problem: `the value at "${issue!.path.join('.')}" is wrong: ${issue!.message}` });
}

/** Ultralytics makes names up from the number of classes. */
function numberNames(nc: string | undefined, file: string): string[] {
  if (nc === undefined || !/^\d{1,6}$/.test(nc))
    throw dataSetError({
      where: file,
      problem: 'has no "names" of the classes',
      hint: 'List them: a line "names:", and below it "  0: cup", "  1: dog" ….',
    });
  return Array.from({ length: Number(nc) }, (_, number) => `class_${number}`);
}

function listNames(names: readonly string[] | Readonly<Record<string, string>>, file: string): string[] {
  if (Array.isArray(names)) return names as string[];
  const list: (string | undefined)[] = [];
  for (const [key, name] of Object.entries(names)) {
    if (!/^\d{1,6}$/.test(key)) throw dataSetError({ where: file, problem: `"names" has the key "${key}", no number` });
    list[Number(key)] = name;
  }
  return Array.from(list, (name, index) => name ?? String(index)); // a number that is missing stands for itself
}

/** A path that is not there was written on another machine: the folder of the file is taken instead. */
async function chooseRoot(folder: string, path: string): Promise<string> {
  const stated = resolve(folder, path);
  return (await exists(stated)) ? stated : folder;
}

/** Where images are, below the root. Roboflow writes `../train/images` for `train/images`, CVAT `data/train.txt`. */
async function findPlace(root: string, place: string): Promise<string> {
  const stated = resolve(root, place);
  if (isAbsolute(place) || (await exists(stated))) return stated;
  for (const prefix of ['../', 'data/']) {
    const other = join(root, place.slice(prefix.length));
    if (place.startsWith(prefix) && (await exists(other))) return other;
  }
  return stated;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function readText(file: string): Promise<string> {
  try {
    return (await readTextFile(file, MAX_JSON_BYTES)).replace(/^\ufeff/, '');
  } catch (error) {
    throw toDataSetError(file, error);
  }
}

function toPart(place: string, names: readonly string[]): YoloPart {
  return { place, names, kind: place.endsWith('.txt') ? 'list' : 'images' };
}
