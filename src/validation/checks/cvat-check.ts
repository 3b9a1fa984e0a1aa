import { compareUtf8 } from '../../core/text.js';
import { findCvatFile } from '../../formats/cvat/read.js';
import { ownText } from '../../formats/reading/own-text.js';
import { parseXmlFile, type XmlHandlers } from '../../formats/xml/stream.js';
import type { FormatCheck } from '../check.js';
import type { Report } from '../findings.js';
import type { RuleId } from '../rules/rules.js';
import { IdSet } from './id-set.js';
import { problemOfName } from './texts.js';

type Attributes = Readonly<Record<string, string>>;

const SHAPES = new Set(['box', 'polygon', 'polyline', 'points', 'ellipse', 'cuboid', 'mask']);

/** CVAT for images 1.1. */
export function cvatCheck(): FormatCheck {
  return {
    files: async (probe, report) => {
      const file = await findCvatFile(probe);
      if (file === undefined) return; // for the reader to report
      const checks = new ElementChecks(file, report);
      for await (const _ of parseXmlFile(file, checks));
      checks.finish();
    },
  };
}

/** Checks elements as they come. */
class ElementChecks implements XmlHandlers {
  readonly #file: string;
  readonly #report: Report;
  readonly #path: string[] = [];
  readonly #ids = new IdSet();
  readonly #declared = new Map<string, Set<string>>(); // attributes by label
  #last: { readonly id: number; readonly name: string } | undefined; // image
  #label = ''; // of the declaration, or of the shape that is open
  #text = '';
  #version = '';

  constructor(file: string, report: Report) {
    this.#file = file;
    this.#report = report;
  }

  open(name: string, attributes: Attributes, line: number): void {
    const depth = this.#path.push(name);
    this.#text = '';
    const report = (rule: RuleId, problem: string) => this.#report({ rule, file: this.#file, line, problem });
    if (depth === 2 && name === 'image') this.#checkImage(attributes, report);
    else if (depth === 3 && this.#path[1] === 'image' && SHAPES.has(name)) this.#checkShape(name, attributes, report);
    else if (depth === 4 && this.#path[1] === 'image' && name === 'attribute')
      this.#checkAttribute(attributes['name'] ?? '', report);
  }

  close(name: string): void {
    const [parent = '', above] = [this.#path.at(-2), this.#path.at(-3)];
    if (name === 'version' && this.#path.length === 2) this.#version = this.#text.trim();
    if (name === 'name' && parent === 'label' && above === 'labels') {
      this.#label = this.#text;
      this.#declared.set(this.#label, new Set());
    }
    if (name === 'name' && parent === 'attribute') this.#declared.get(this.#label)?.add(this.#text);
    this.#path.pop();
  }

  text(text: string): void {
    this.#text += text;
  }

  finish(): void {
    if (this.#version === '1.1') return;
    const problem = this.#version === '' ? 'states no version' : `states the version ${this.#version}`;
    this.#report({ rule: 'cvat-version', file: this.#file, problem });
  }

  #checkImage(
    { id = '', name = '', width, height }: Attributes,
    report: (rule: RuleId, problem: string) => void,
  ): void {
    const number = Number(id);
    const isWhole = id !== '' && Number.isSafeInteger(number) && number >= 0;
    if (isWhole && !this.#ids.add(number)) report('cvat-id-duplicate', `image ${id} comes a second time`);
    else if (isWhole) this.#checkOrder({ id: number, name: ownText(name) }, report);
    if (!(Number(width) > 0 && Number(height) > 0)) report('image-size-missing', `image ${id} has no width and height`);
    const problem = problemOfName(name);
    if (problem !== undefined) report('image-name', problem);
  }

  #checkOrder(image: { id: number; name: string }, report: (rule: RuleId, problem: string) => void): void {
    const last = this.#last;
    this.#last = image;
    if (last === undefined || Math.sign(image.id - last.id) === Math.sign(compareUtf8(image.name, last.name))) return;
    if (image.name === last.name) return; // reported as a duplicate
    report('cvat-order', `numbers ${image.name} as ${image.id} and ${last.name} as ${last.id}`);
  }

  #checkShape(kind: string, attributes: Attributes, report: (rule: RuleId, problem: string) => void): void {
    this.#label = attributes['label'] ?? '';
    if (attributes['occluded'] === undefined) report('cvat-occluded', `the ${kind} has no attribute "occluded"`);
    if (kind !== 'box') return;
    const [x1, y1, x2, y2] = ['xtl', 'ytl', 'xbr', 'ybr'].map((side) => Number(attributes[side]));
    if (x1! > x2! || y1! > y2!) report('cvat-corners', `the box goes from ${x1}, ${y1} to ${x2}, ${y2}`);
  }

  #checkAttribute(name: string, report: (rule: RuleId, problem: string) => void): void {
    const declared = this.#declared.get(this.#label);
    if (declared === undefined || declared.has(name)) return;
    report('cvat-attribute', `"${this.#label}" has the attribute "${name}", which its label does not declare`);
  }
}
