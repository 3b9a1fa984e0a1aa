import type { Size, Xyxy } from '../../core/box.js';
import { isPartName } from '../../core/data-set/split.js';
import { isFields, numberOf, textOf } from '../reading/fields.js';
import { boundingBox } from '../reading/rotate.js';
import { FileProblem } from '../reading/files/read-each.js';

/** A shape that is read as a box. */
export interface LabelmeShape {
  readonly label: string;
  readonly kind: string; // rectangle, polygon, rotation …
  readonly box: Xyxy;
  readonly score: number | undefined;
  readonly prompt: string | undefined;
}

/** The annotations of an image, as their file has them. */
export interface LabelmeFile {
  readonly imagePath: string | undefined;
  readonly originalName: string | undefined; // where `imagePath` does not give it
  readonly part: string | undefined; // where the images are divided
  readonly size: Size | undefined;
  readonly shapes: readonly LabelmeShape[];
  readonly skipped: readonly string[]; // kinds of other shapes
}

/** The top-level key of {@link LabelmeFile.originalName}, which LabelMe and X-AnyLabeling keep. */
export const ORIGINAL_NAME = 'originalName';

/** The top-level key of {@link LabelmeFile.part}. */
export const PART = 'part';

/** Shapes of LabelMe and X-AnyLabeling that have an area; the first two points of a mask are its corners. */
const WITH_AREA = new Set(['rectangle', 'polygon', 'rotation', 'circle', 'mask', 'quadrilateral']);

/** @returns undefined for JSON of another purpose: it has no shapes. @throws FileProblem */
export function parseLabels(bytes: Uint8Array): LabelmeFile | undefined {
  const content = parseJson(bytes);
  if (!isFields(content) || !Array.isArray(content['shapes'])) return undefined;
  const {
    shapes,
    imagePath,
    imageWidth: width,
    imageHeight: height,
    [ORIGINAL_NAME]: original,
    [PART]: part,
  } = content;
  const read = (shapes as unknown[]).map(readShape);
  return {
    imagePath: textOf(imagePath),
    originalName: textOf(original),
    part: isPartName(part) ? part : undefined,
    size: isSide(width) && isSide(height) ? { width, height } : undefined,
    shapes: read.filter((shape) => typeof shape !== 'string'),
    skipped: read.filter((shape) => typeof shape === 'string'),
  };
}

function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FileProblem('it is not UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as SyntaxError;
    const position = Number(/at position (\d+)/.exec(message)?.[1] ?? text.length);
    throw new FileProblem('it is not JSON, or was cut off', text.slice(0, position).split('\n').length);
  }
}

/** @returns Its kind, where it is not read as a box. */
function readShape(shape: unknown, index: number): LabelmeShape | string {
  const where = `shapes[${index}]`;
  if (!isFields(shape)) throw new FileProblem(`${where} is not an object`);
  const { label, shape_type: type, points, score, prompt } = shape;
  const kind = textOf(type) ?? 'polygon'; // old versions had no others
  if (!WITH_AREA.has(kind)) return kind;
  if (typeof label !== 'string' || label === '') throw new FileProblem(`${where} has no label`);
  if (!isPoints(points)) throw new FileProblem(`${where} has no points that are pairs of numbers`);
  const box = kind === 'circle' ? circleBox(points) : boundingBox(points);
  if (box === undefined || points.length < 2) throw new FileProblem(`${where}, a ${kind}, has fewer than two points`);
  return { label, kind, box, score: numberOf(score), prompt: textOf(prompt) };
}

/** From its centre and a point on it. */
function circleBox([centre, point]: readonly (readonly [number, number])[]): Xyxy | undefined {
  if (centre === undefined || point === undefined) return undefined;
  const radius = Math.hypot(point[0] - centre[0], point[1] - centre[1]);
  return [centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius];
}

function isPoints(value: unknown): value is (readonly [number, number])[] {
  const isPoint = (point: unknown) =>
    Array.isArray(point) && point.length >= 2 && point.slice(0, 2).every((side) => numberOf(side) !== undefined);
  return Array.isArray(value) && value.every(isPoint);
}

function isSide(value: unknown): value is number {
  return (numberOf(value) ?? 0) > 0;
}
