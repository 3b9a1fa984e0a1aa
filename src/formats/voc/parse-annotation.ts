import type { Size, Xyxy } from '../../core/box.js';
import { toSlashes } from '../reading/files/image-name.js';
import { FileProblem } from '../reading/files/read-each.js';
import { STATED_RULE } from './annotation-file.js';
import { fromXmlName } from '../xml/escape.js';
import { childOf, readXmlTree, textOf, type XmlElement } from '../xml/tree.js';

/** An object with a box. */
export interface VocObject {
  readonly name: string;
  readonly corners: Xyxy; // as the file states them, ordered
  readonly line: number;
  readonly score: number | undefined;
  readonly prompt: string | undefined;
  readonly isDifficult: boolean;
}

/** The annotations of an image, as their file has them. */
export interface VocAnnotation {
  readonly filename: string | undefined;
  readonly originalName: string | undefined; // of an image that this program renamed
  readonly source: string; // `source/annotation`
  readonly size: Size | undefined;
  readonly objects: readonly VocObject[];
  readonly parts: number; // of objects, such as heads and hands
  readonly withoutBox: number; // objects
}

/** @throws FileProblem */
export function parseAnnotation(bytes: Uint8Array): VocAnnotation {
  const root = readXmlTree(bytes);
  if (root.name !== 'annotation')
    throw new FileProblem(`its root element is <${root.name}>, not <annotation>`, root.line);
  const source = textOf(childOf(root, 'source'), 'annotation') ?? '';
  const exactly = (name: string) => childOf(root, name)?.text;
  const stated = textOf(root, 'filename');
  const isOurs = source === STATED_RULE;
  const path = exactly('path');
  const all = root.children.filter(({ name }) => name === 'object');
  const objects = all.flatMap((object) => readObject(object, isOurs) ?? []);
  const parts = all.flatMap(({ children }) => children.filter(({ name }) => name === 'part'));
  return {
    filename: isOurs ? exactly('filename') : stated === undefined ? undefined : toSlashes(stated),
    originalName: isOurs && path !== undefined ? fromXmlName(path) : undefined,
    source,
    size: readSize(childOf(root, 'size')),
    objects,
    parts: parts.length,
    withoutBox: all.length - objects.length,
  };
}

/** @param isOurs - The name is taken exactly. */
function readObject(object: XmlElement, isOurs: boolean): VocObject | undefined {
  const box = childOf(object, 'bndbox');
  if (box === undefined) return undefined;
  const stated = childOf(object, 'name')?.text ?? '';
  const name = isOurs ? stated : stated.trim();
  if (name === '') throw new FileProblem('the object has no name', object.line);
  const [x1, y1, x2, y2] = ['xmin', 'ymin', 'xmax', 'ymax'].map((side) => readNumber(box, side));
  const attributes = childOf(object, 'attributes')?.children ?? [];
  const valueOf = (key: string) =>
    childOf(
      attributes.find((one) => textOf(one, 'name') === key),
      'value',
    )?.text ?? '';
  const score = valueOf('score').trim() === '' ? NaN : Number(valueOf('score'));
  return {
    name,
    corners: [Math.min(x1!, x2!), Math.min(y1!, y2!), Math.max(x1!, x2!), Math.max(y1!, y2!)],
    line: object.line,
    score: Number.isFinite(score) ? score : undefined,
    prompt: valueOf('prompt') === '' ? undefined : valueOf('prompt'),
    isDifficult: textOf(object, 'difficult') === '1',
  };
}

function readNumber(box: XmlElement, side: string): number {
  const text = textOf(box, side);
  const value = Number(text);
  if (text === undefined) throw new FileProblem(`the box has no ${side}`, box.line);
  if (!Number.isFinite(value)) throw new FileProblem(`${side} is "${text.slice(0, 40)}", not a number`, box.line);
  return value;
}

/** Some programs write 0 where they do not know it. */
function readSize(size: XmlElement | undefined): Size | undefined {
  const [width, height] = ['width', 'height'].map((side) => Number(textOf(size, side)));
  return width! > 0 && height! > 0 ? { width: width!, height: height! } : undefined;
}
