import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { whySkippedByTrainers } from '../../core/skipped-by-trainers.js';
import { isRewrittenByTrainers } from '../../formats/image-file.js';
import { readClassList, type YoloDescription, type YoloPart } from '../../formats/yolo/description.js';
import { readLabelFile } from '../../formats/yolo/label-rows.js';
import { labelFolderOf, listImages } from '../../formats/yolo/list-images.js';
import { findDescription } from '../../formats/yolo/read-yolo.js';
import { ImageFinder, listFilesBelow, withoutEnding } from '../../formats/reading/image-names.js';
import type { DataSetProbe } from '../../formats/reading/probe.js';
import type { FormatCheck, LocatedImage } from '../check.js';
import type { Mistake, Report } from '../findings.js';
import type { ImageFiles } from '../image-files.js';
import type { RuleId } from '../rules/rules.js';
import { SharedStems } from './shared-stems.js';
import { checkDataYaml } from './yolo-yaml.js';

const COLUMNS = 5;
const RANGE = [-0.01, 1.01] as const; // what Ultralytics allows
const CLASSES = 'classes.txt';

/** YOLO, by the rules of Ultralytics. */
export function yoloCheck(): FormatCheck {
  const stems = new SharedStems();
  let description: YoloDescription | undefined;
  return {
    files: async (probe, report) => {
      await checkDataYaml(probe, report);
      description = await (await findDescription(probe))?.();
      if (description !== undefined) await checkDescription(description, probe, report);
    },
    image: async (image, files) => [
      ...(await checkRows(image, { hasKeypoints: description?.hasKeypoints === true, files })),
      ...(await checkImage(image, { stems, files })),
    ],
    folders: async (_probe, report) => {
      for (const { kind, place } of description?.parts ?? []) if (kind === 'images') await checkOrphans(place, report);
      for (const part of description?.parts ?? []) await checkEmpty(part, report);
    },
  };
}

async function checkDescription(
  { parts, classNames, folder }: YoloDescription,
  probe: DataSetProbe,
  report: Report,
): Promise<void> {
  for (const { names, place } of parts) {
    if (names.length === 0 || (await exists(place))) continue;
    report({ rule: 'yolo-folder', file: folder, problem: `${names.join(' and ')}: ${place} is not there` });
  }
  const file = join(folder, CLASSES);
  if (classNames === undefined || (await probe.head(file)) === undefined) return;
  const listed = await readClassList(file);
  const other = Array.from({ length: Math.max(listed.length, classNames.length) }).findIndex(
    (_, place) => listed[place] !== classNames[place]?.trim(),
  );
  if (other === -1) return;
  const problem = `has ${shown(listed[other])} for class ${other}, where data.yaml has ${shown(classNames[other])}`;
  report({ rule: 'yolo-classes', file, line: other + 1, problem });
}

function shown(name: string | undefined): string {
  return name === undefined ? 'nothing' : `"${name}"`;
}

/** The rows as they are: the reader takes scores, polygons and values of any size. */
async function checkRows(
  { file, name, path }: LocatedImage,
  { hasKeypoints, files }: { hasKeypoints: boolean; files: ImageFiles },
): Promise<readonly Mistake[]> {
  const text = await readLabelFile(file);
  if (text === undefined) {
    const isThere = path !== undefined && files.arePresent;
    return isThere ? [{ rule: 'yolo-label-missing', file, problem: `is not there: ${name} has no labels` }] : [];
  }
  const mistakes: Mistake[] = [];
  const rows = new Set<string>();
  if (text.startsWith('\ufeff'))
    mistakes.push({ rule: 'byte-order-mark', file, line: 1, problem: 'begins with a byte order mark' });
  for (const [index, content] of text.split('\n').entries()) {
    const columns = content.trim().split(/\s+/);
    const found = hasKeypoints ? undefined : problemOfRow(columns);
    const row = columns.join(' ');
    if (found !== undefined) mistakes.push({ ...found, file, line: index + 1 });
    else if (rows.has(row) && row !== '')
      mistakes.push({ rule: 'yolo-row-duplicate', file, line: index + 1, problem: `repeats the row "${row}"` });
    rows.add(row);
  }
  return mistakes;
}

/** @returns undefined for a correct row, and for one that the reader refuses. */
function problemOfRow(columns: readonly string[]): { rule: RuleId; problem: string } | undefined {
  const values = columns.map(Number);
  const { length } = columns;
  if (length < COLUMNS || !values.every(Number.isFinite)) return undefined;
  const wrong = values.slice(1).find((value) => value < RANGE[0] || value > RANGE[1]);
  if (length % 2 === 0) return { rule: 'yolo-columns', problem: `has ${length} columns` };
  if (wrong !== undefined) return { rule: 'yolo-range', problem: `has the value ${wrong}` };
  return length > COLUMNS
    ? { rule: 'yolo-polygon', problem: `has a polygon of ${(length - 1) / 2} points` }
    : undefined;
}

async function checkImage(
  { file, name, path }: LocatedImage,
  { stems, files }: { stems: SharedStems; files: ImageFiles },
): Promise<readonly Mistake[]> {
  const header = path === undefined ? 'missing' : await files.header(path);
  if (path === undefined || typeof header === 'string') return [];
  const mistakes: Mistake[] = [];
  const names = await stems.namesOf(path);
  if (names !== undefined && names[0] !== basename(path))
    mistakes.push({ rule: 'stem-shared', file, problem: `has the labels of ${names.join(' and ')}` });
  const { width, height, type } = header;
  const encoding = type === 'gif' ? { encoding: 'GIF' } : {};
  const reason = whySkippedByTrainers({ name: path, width, height, ...encoding });
  if (reason !== undefined) mistakes.push({ rule: 'yolo-image-skipped', file: path, problem: `${name}: ${reason}` });
  if (await isRewrittenByTrainers(path))
    mistakes.push({ rule: 'yolo-jpeg-end', file: path, problem: 'does not end with FF D9' });
  return mistakes;
}

/** @param images - Absolute folder. */
async function checkOrphans(images: string, report: Report): Promise<void> {
  const labels = labelFolderOf(images);
  if (labels === undefined) return;
  const finder = new ImageFinder(images);
  for await (const name of listFilesBelow(labels)) {
    if (!name.endsWith('.txt') || (await finder.find(withoutEnding(name))) !== undefined) continue;
    report({ rule: 'yolo-label-orphan', file: join(labels, name), problem: `belongs to no image in ${images}` });
  }
}

/** Reports a part whose folder or list is there and has no image, while other parts have some. */
async function checkEmpty(part: YoloPart, report: Report): Promise<void> {
  const { names, place: file } = part;
  if (names.length === 0 || !(await exists(file))) return;
  for await (const { path } of listImages(part, undefined)) if (part.kind === 'list' || path !== undefined) return;
  const rule = names.every((name) => name === 'test') ? 'yolo-test-empty' : 'yolo-part-empty';
  report({ rule, file, problem: `has no image for ${names.join(' and ')}` });
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
