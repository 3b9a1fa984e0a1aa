import { basename } from 'node:path';
import { readWholeFile } from '../../disk/readable-file.js';
import { MAX_BYTES } from '../../formats/labelme/read.js';
import { isFields, textOf, type Fields } from '../../formats/reading/fields.js';
import { toSlashes } from '../../formats/reading/files/image-name.js';
import type { FormatCheck, LocatedImage } from '../check.js';
import type { Mistake } from '../findings.js';
import type { RuleId } from '../rules/rules.js';
import { isCalledAs } from './texts.js';
import { SharedStems } from './shared-stems.js';

const CORNERS = [2, 4];

type Note = (rule: RuleId, problem: string, entry?: string) => void;

/** LabelMe and X-AnyLabeling. */
export function labelmeCheck(): FormatCheck {
  const stems = new SharedStems();
  return {
    image: async ({ file, path }) => {
      const mistakes: Mistake[] = [];
      const note: Note = (rule, problem, entry) => mistakes.push({ rule, file, entry, problem });
      const bytes = await readWholeFile(file, MAX_BYTES);
      if (bytes.subarray(0, 3).equals(Buffer.from('\ufeff')))
        mistakes.push({ rule: 'byte-order-mark', file, line: 1, problem: 'begins with a byte order mark' });
      const content: unknown = JSON.parse(bytes.toString().replace(/^\ufeff/, ''));
      if (isFields(content)) checkContent(content, { file, path }, note);
      const names = path === undefined ? undefined : await stems.namesOf(path);
      if (names !== undefined) note('stem-shared', `has the labels of ${names.join(' and ')}`);
      return mistakes;
    },
  };
}

function checkContent(
  { imagePath, imageData, shapes }: Fields,
  { file, path }: Pick<LocatedImage, 'file' | 'path'>,
  note: Note,
): void {
  const stated = textOf(imagePath);
  const missing = [...(stated === undefined ? ['imagePath'] : []), ...(imageData === undefined ? ['imageData'] : [])];
  if (missing.length > 0) note('labelme-keys', `has no ${missing.map((key) => `"${key}"`).join(' and ')}`);
  const isElsewhere = stated !== undefined && (/^(?:\/|[a-z]:[\\/])/i.test(stated) || toSlashes(stated) !== stated);
  if (isElsewhere) note('image-name', `names the image ${stated}`);
  const image = stated ?? path ?? file;
  if (!isCalledAs(basename(file).slice(0, -'.json'.length), image)) note('labelme-stem', `names the image ${image}`);
  for (const [index, shape] of ((Array.isArray(shapes) ? shapes : []) as unknown[]).entries()) {
    if (!isFields(shape) || shape['shape_type'] !== 'rectangle' || !Array.isArray(shape['points'])) continue;
    const { length } = shape['points'];
    if (!CORNERS.includes(length)) note('labelme-points', `the rectangle has ${length} points`, `shapes[${index}]`);
  }
}
