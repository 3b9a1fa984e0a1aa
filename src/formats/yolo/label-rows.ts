import type { Cxcywh } from '../../core/box.js';
import { systemCodeOf } from '../../core/errors.js';
import { excerpt } from '../../core/text.js';
import { openRegularFile } from '../../disk/regular-file.js';
import { toDataSetError } from '../reading/errors.js';

const POLYGON_FROM = 7; // columns: a class and three points

/** A line of a label file. */
export interface LabelRow {
  readonly line: number; // from 1
  readonly classIndex: number;
  readonly box: Cxcywh;
  readonly score?: number; // of a sixth column
  readonly isPolygon: boolean; // whose bounding box this is
  readonly text: string; // its first five columns
}

/** A line that is no row, and why. */
export interface BadRow {
  readonly line: number;
  readonly problem: string;
}

/** @returns undefined when there is no such file. @throws PreannotateError DATA_SET_INVALID naming the file. */
export async function readLabelFile(path: string): Promise<string | undefined> {
  try {
    await using file = await openRegularFile(path);
    return await file.readFile('utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return undefined;
    throw toDataSetError(path, error);
  }
}

/**
 * The rows of a label file: `class cx cy w h`, a score behind it where a program predicted it, or the points of a
 * polygon.
 *
 * @param hasKeypoints - More columns are those of key points.
 */
export function* parseRows(text: string, hasKeypoints: boolean): Generator<LabelRow | BadRow> {
  for (const [index, content] of text.split('\n').entries()) {
    const columns = content.trim().split(/\s+/);
    const line = index + 1;
    if (columns[0] === '') continue;
    const values = columns.map(Number);
    const [classIndex] = values as [number];
    if (!values.every(Number.isFinite)) yield { line, problem: `"${excerpt(content.trim())}" is not numbers alone` };
    else if (!Number.isInteger(classIndex) || classIndex < 0)
      yield { line, problem: `the class "${columns[0]}" is no whole number from 0` };
    else if (columns.length < 5) yield { line, problem: `it has ${columns.length} columns, not "class cx cy w h"` };
    else yield { line, classIndex, ...parseBox(values.slice(1), hasKeypoints), text: columns.slice(0, 5).join(' ') };
  }
}

function parseBox(values: readonly number[], hasKeypoints: boolean): Pick<LabelRow, 'box' | 'score' | 'isPolygon'> {
  const box: Cxcywh = [values[0]!, values[1]!, values[2]!, values[3]!];
  if (hasKeypoints || values.length === 4) return { box, isPolygon: false };
  if (values.length + 1 < POLYGON_FROM) return { box, score: values[4]!, isPolygon: false };
  const xs = values.filter((_, i) => i % 2 === 0);
  const ys = values.filter((_, i) => i % 2 === 1);
  const [x1, y1, x2, y2] = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  return { box: [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], isPolygon: true };
}
