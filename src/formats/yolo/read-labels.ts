import { cxcywhToXyxy, type Size } from '../../core/box.js';
import type { LabelledBox, LabelledImage } from '../../core/data-set/data-set.js';
import type { EntryProblem, ReadOptions } from '../reading/read-options.js';
import type { YoloDescription } from './description.js';
import { parseRows, readLabelFile, type LabelRow } from './label-rows.js';
import type { YoloImage } from './list-images.js';

type LabelOptions = Pick<ReadOptions, 'sizeOf'> & Pick<YoloDescription, 'classNames' | 'hasKeypoints'>;

/** What one file of labels holds. */
export interface ReadLabels {
  readonly image: LabelledImage;
  readonly problems: readonly EntryProblem[];
  readonly polygons: number; // rows with one
}

/** Reads the labels of an image; one without a file of them has no boxes. */
export async function readLabels(
  { name, path, label, scoredLabel }: YoloImage,
  options: LabelOptions,
): Promise<ReadLabels> {
  const problems: EntryProblem[] = [];
  const rows: LabelRow[] = [];
  const { classNames, hasKeypoints } = options;
  for (const row of parseRows((await readLabelFile(label)) ?? '', hasKeypoints)) {
    const where = `${label}:${row.line}`;
    if ('problem' in row) problems.push({ where, problem: row.problem });
    else if (classNames !== undefined && classNames[row.classIndex] === undefined)
      problems.push({
        where,
        problem: `the class ${row.classIndex} is not one of the ${classNames.length} classes`,
        rule: 'class-unknown',
      });
    else rows.push(row);
  }
  const size = rows.length === 0 ? undefined : await options.sizeOf({ name, path });
  if (size === undefined && rows.length > 0) problems.push(unknownSize(label, name));
  const boxes =
    size === undefined ? [] : toBoxes(rows, { size, classNames, scores: await readScores(scoredLabel, rows) });
  const image = { name, file: label, ...size, ...(path === undefined ? {} : { imagePath: path }), boxes };
  return { image, problems, polygons: rows.filter(({ isPolygon }) => isPolygon).length };
}

function toBoxes(
  rows: readonly LabelRow[],
  about: { size: Size; classNames: readonly string[] | undefined; scores: ReadonlyMap<string, number> },
): LabelledBox[] {
  return rows.map(({ classIndex, box, line, text, score = about.scores.get(text) }) => {
    const className = about.classNames?.[classIndex] ?? String(classIndex);
    return { className, box: cxcywhToXyxy(box, about.size), line, ...(score === undefined ? {} : { score }) };
  });
}

/** The scores that this program writes beside labels, by the rows they belong to: rows that were edited have none. */
async function readScores(
  scoredLabel: string | undefined,
  rows: readonly LabelRow[],
): Promise<ReadonlyMap<string, number>> {
  const isScored = rows.some(({ score }) => score !== undefined);
  if (scoredLabel === undefined || isScored) return new Map();
  const text = await readLabelFile(scoredLabel);
  const scored = [...parseRows(text ?? '', false)];
  return new Map(scored.flatMap((row) => ('score' in row ? [[row.text, row.score] as const] : [])));
}

function unknownSize(label: string, name: string): EntryProblem {
  return {
    where: label,
    problem: `the size of the image ${name} is not known, and boxes are fractions of it: the image was not found`,
    hint: 'Name the folder of the images with --images-root.',
  };
}
