import { basename, join, relative, sep } from 'node:path';
import { readWholeFile } from '../../disk/readable-file.js';
import { isDivision, MAX_LIST_BYTES, readLabelMap } from '../../formats/voc/lists.js';
import { LABEL_MAP } from '../../formats/voc/write.js';
import { MAX_BYTES, VocFiles } from '../../formats/voc/read.js';
import { listBelow } from '../../formats/reading/files/list-below.js';
import { withoutEnding } from '../../formats/reading/image-names.js';
import { childOf, readXmlTree, textOf, type XmlElement } from '../../formats/xml/tree.js';
import { readTextFile } from '../../disk/regular-file.js';
import type { FormatCheck, LocatedImage } from '../check.js';
import type { Mistake, Report } from '../findings.js';
import type { RuleId } from '../rules/rules.js';
import { isCalledAs } from './texts.js';
import { SharedStems } from './shared-stems.js';

const FIELDS = ['pose', 'truncated', 'difficult'];

type Note = (rule: RuleId, line: number | undefined, problem: string) => void;

/** Pascal VOC, by the rules of the devkit and of Detectron2. */
export function vocCheck(): FormatCheck {
  const stems = new SharedStems();
  let classes: ReadonlySet<string> | undefined;
  return {
    files: async (probe, report) => {
      const { root, annotations, files } = await VocFiles.find(probe);
      if ((await probe.head(join(root, LABEL_MAP))) !== undefined) classes = new Set(await readLabelMap(root));
      else report({ rule: 'voc-labelmap-missing', file: join(root, LABEL_MAP), problem: 'is not there' });
      const names = files.map((file) => withoutEnding(relative(annotations, file).split(sep).join('/')));
      await checkLists({ folder: join(root, 'ImageSets', 'Main'), annotations, names }, report);
    },
    image: async (image) => {
      const mistakes: Mistake[] = [];
      const { file } = image;
      const note: Note = (rule, line, problem) => mistakes.push({ rule, file, line, problem });
      const tree = readXmlTree(await readWholeFile(file, MAX_BYTES));
      checkAnnotation(tree, image, note);
      for (const object of tree.children.filter(({ name }) => name === 'object')) {
        checkObject(object, classes, note);
        checkCorners(object, childOf(tree, 'size'), note);
      }
      const names = image.path === undefined ? undefined : await stems.namesOf(image.path);
      if (names !== undefined) note('stem-shared', undefined, `has the labels of ${names.join(' and ')}`);
      return mistakes;
    },
  };
}

async function checkLists(
  { folder, annotations, names }: { folder: string; annotations: string; names: readonly string[] },
  report: Report,
): Promise<void> {
  const lists = (await listBelow(folder, '.txt').catch(() => [])).filter(isDivision);
  if (lists.length === 0) {
    report({ rule: 'voc-lists-missing', file: folder, problem: 'has no list of images' });
    return;
  }
  const known = new Set(names);
  const listed = new Set<string>();
  for (const list of lists) {
    const file = join(folder, list);
    const lines = (await readTextFile(file, MAX_LIST_BYTES)).split(/\r?\n/);
    if (lines.every((line) => line.trim() === '')) report({ rule: 'images-none', file, problem: 'names no image' });
    for (const [index, line] of lines.entries()) {
      const name = line.trim();
      if (name === '') continue;
      listed.add(name);
      if (!known.has(name))
        report({ rule: 'voc-list', file, line: index + 1, problem: `names ${name}, which has no annotations` });
    }
  }
  for (const name of names)
    if (!listed.has(name))
      report({ rule: 'voc-unlisted', file: join(annotations, `${name}.xml`), problem: 'is in no list of images' });
}

function checkAnnotation(tree: XmlElement, { file }: LocatedImage, note: Note): void {
  const filename = childOf(tree, 'filename');
  const stem = basename(file).slice(0, -'.xml'.length);
  const stated = filename?.text ?? '';
  if (stated.trim() === '') note('voc-filename', filename?.line, 'has no <filename>');
  else if (!isCalledAs(stem, stated) && !isCalledAs(stem, stated.trim()))
    note('voc-filename', filename?.line, `names ${stated}, and is called ${basename(file)}`);
  const size = childOf(tree, 'size');
  if (!(Number(textOf(size, 'width')) > 0 && Number(textOf(size, 'height')) > 0))
    note('image-size-missing', size?.line, 'has no <size> with width and height');
}

function checkObject(object: XmlElement, classes: ReadonlySet<string> | undefined, note: Note): void {
  const { line } = object;
  const missing = FIELDS.filter((name) => childOf(object, name) === undefined);
  if (missing.length > 0)
    note('voc-fields', line, `the object has no ${missing.map((name) => `<${name}>`).join(', ')}`);
  const name = childOf(object, 'name')?.text ?? '';
  if (classes !== undefined && !classes.has(name) && !classes.has(name.trim()))
    note('class-unknown', line, `the object is a "${name.trim()}", which ${LABEL_MAP} does not list`);
}

function checkCorners(object: XmlElement, size: XmlElement | undefined, note: Note): void {
  const box = childOf(object, 'bndbox');
  if (box === undefined) return;
  const corners = ['xmin', 'ymin', 'xmax', 'ymax'].map((side) => Number(textOf(box, side)));
  const [x1, y1, x2, y2] = corners as [number, number, number, number];
  const [width, height] = [Number(textOf(size, 'width')), Number(textOf(size, 'height'))];
  const problem = `the box goes from ${x1}, ${y1} to ${x2}, ${y2}`;
  if (x1 > x2 || y1 > y2) note('voc-corners', object.line, problem);
  else if (width > 0 && height > 0 && (x2 > width || y2 > height))
    note('box-outside', object.line, `${problem} in an image of ${width} x ${height}`);
  else if (Math.min(x1, y1) < 1) note('voc-below-1', object.line, problem);
  else if (!corners.every(Number.isInteger)) note('voc-fraction', object.line, problem);
}
