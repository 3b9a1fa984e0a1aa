import type { Xyxy } from '../../core/box.js';
import type { LabelledBox } from '../../core/data-set/data-set.js';
import { dataSetError, refuseEntry } from '../reading/errors.js';
import type { EntryProblem, ReadOptions } from '../reading/read-options.js';
import { ShapeCounts } from '../reading/shape-counts.js';
import type { XmlHandlers } from '../xml/stream.js';
import { boxOfShape, isShape } from './shapes.js';
import { fromXmlName } from '../xml/escape.js';
import { ORIGINAL_NAME, PROMPT, SCORE } from './write.js';

const MAX_DEPTH = 64;

/** An image as the file has it. */
export interface CvatImage {
  readonly id: string;
  readonly name: string;
  readonly subset: string | undefined;
  readonly width: number; // NaN where it is not stated
  readonly height: number;
  readonly line: number;
  readonly boxes: readonly LabelledBox[];
}

type OpenImage = CvatImage & { readonly boxes: LabelledBox[] };
type OpenBox = { -readonly [Key in keyof LabelledBox]: LabelledBox[Key] };

/** Takes the elements of a file, and gives out its labels and images. */
export class ImageCollector implements XmlHandlers {
  readonly labels: string[] = [];
  readonly counts = new ShapeCounts();
  readonly #file: string;
  readonly #options: ReadOptions;
  #images: CvatImage[] = [];
  readonly #path: string[] = []; // names of open elements
  #text = '';
  #image: OpenImage | undefined;
  #shape: OpenBox | undefined; // its label, prompt and score are filled in as they come
  #shapeDepth = 0; // 0 outside shapes
  #attribute = '';

  /** @param file - Absolute path. */
  constructor(file: string, options: ReadOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** The labels are complete: annotations follow them. */
  isPastLabels = false;

  /** The images that were completed since the last call. */
  collect(): readonly CvatImage[] {
    const images = this.#images;
    this.#images = [];
    return images;
  }

  open(name: string, attributes: Readonly<Record<string, string>>, line: number): void {
    const depth = this.#path.push(name);
    this.#text = '';
    if (depth > MAX_DEPTH) throw this.#error(line, `it nests elements more than ${MAX_DEPTH} deep`);
    if (depth === 1 && name !== 'annotations')
      throw this.#error(line, `its root element is <${name}>, not <annotations>`);
    if (depth === 2 && name !== 'meta' && name !== 'version') this.isPastLabels = true;
    if (depth === 2 && name === 'track') throw this.#error(line, 'it has the tracks of a video', TRACKS_HINT);
    if (depth === 2 && name === 'image') this.#openImage(attributes, line);
    else if (this.#image !== undefined && this.#shapeDepth === 0 && isShape(name)) {
      this.#shapeDepth = depth;
      this.#openShape(name, attributes, line);
    } else if (name === 'attribute') this.#attribute = attributes['name'] ?? '';
  }

  close(name: string): void {
    const depth = this.#path.length;
    if (name === 'name' && this.#path.at(-2) === 'label' && this.#path.at(-3) === 'labels')
      this.labels.push(this.#text);
    if (name === 'attribute' && depth === this.#shapeDepth + 1) this.#setAttribute();
    if (depth === this.#shapeDepth) {
      if (this.#shape !== undefined) this.#image!.boxes.push(this.#shape);
      this.#shape = undefined;
      this.#shapeDepth = 0;
    }
    if (depth === 2 && this.#image !== undefined) {
      this.#images.push(this.#image);
      this.#image = undefined;
    }
    this.#path.pop();
  }

  text(text: string): void {
    this.#text += text;
  }

  #openImage(attributes: Readonly<Record<string, string>>, line: number): void {
    const { id = '', subset, width, height, [ORIGINAL_NAME]: original } = attributes;
    const name = original === undefined ? (attributes['name'] ?? '') : fromXmlName(original);
    if (name === '') refuseEntry(this.#options, { where: `${this.#file}:${line}`, problem: `image ${id} has no name` });
    else this.#image = { id, name, subset, width: Number(width), height: Number(height), line, boxes: [] };
  }

  #openShape(element: string, attributes: Readonly<Record<string, string>>, line: number): void {
    const box = boxOfShape(element, attributes, this.counts);
    if (box === undefined) return;
    const className = attributes['label'] ?? '';
    const problem = this.#problemOf(element, className, box);
    if (problem !== undefined) refuseEntry(this.#options, { where: `${this.#file}:${line}`, ...problem });
    else this.#shape = { className, box, line };
  }

  #problemOf(element: string, className: string, box: Xyxy): Omit<EntryProblem, 'where'> | undefined {
    const { name } = this.#image!;
    if (className === '') return { problem: `the ${element} in image "${name}" has no label` };
    if (!box.every(Number.isFinite))
      return { problem: `the ${element} in image "${name}" has no coordinates that are numbers` };
    if (this.labels.length === 0 || this.labels.includes(className)) return undefined; // some programs declare none
    const problem = `the ${element} in image "${name}" has the label "${className}", which <meta> does not declare`;
    return { problem, rule: 'class-unknown' };
  }

  #setAttribute(): void {
    if (this.#shape === undefined || this.#text === '') return;
    const score = Number(this.#text);
    if (this.#attribute === SCORE && Number.isFinite(score)) this.#shape.score = score;
    if (this.#attribute === PROMPT) this.#shape.prompt = this.#text;
  }

  #error(line: number, problem: string, hint?: string) {
    return dataSetError({ where: `${this.#file}:${line}`, problem, hint });
  }
}

const TRACKS_HINT =
  'Export the task from CVAT as "CVAT for images 1.1", which has the boxes of every frame, or as COCO 1.0.';
