import type { DataSet, DataSetClass } from '../../core/data-set/data-set.js';
import type { EntryRule, ReadOptions } from '../reading/read-options.js';
import { LabelTable } from '../reading/label-table.js';
import { refuseEntry } from '../reading/errors.js';
import { isXywh, numberOf } from '../reading/fields.js';
import { ImageTable, type ImageRow } from '../reading/image-table.js';
import type { JsonItem } from '../reading/json-items.js';
import { ownText } from '../reading/own-text.js';
import { nameOfExported } from '../reading/files/label-studio-url.js';

type Fields = Readonly<Record<string, unknown>>;

/** What a COCO file holds, compactly: its lists come in any order, and may be larger than memory as objects. */
export class CocoTable {
  readonly #file: string;
  readonly #options: ReadOptions;
  readonly #classes = new Map<number, DataSetClass>();
  readonly #indexes = new Map<number, number>(); // of images, by id
  readonly #images: ImageTable;
  readonly #boxes = new LabelTable('xywh');

  /** @param file - Absolute path of the file. */
  constructor(file: string, options: ReadOptions) {
    this.#file = file;
    this.#images = new ImageTable(file);
    this.#options = options;
  }

  /** Takes an item of `categories`, `images` or `annotations`; of a list at the top, a result. */
  take({ list, index, value }: JsonItem): void {
    const name = list === '' ? 'result' : list;
    if (typeof value !== 'object' || value === null) this.#refuse(`${name}[${index}]`, 'is not an object');
    else if (list === 'categories') this.#addClass(value as Fields, index);
    else if (list === 'images') this.#addImage(value as Fields, index);
    else this.#addBox(value as Fields, `${name}[${index}]`);
  }

  /** Takes an item of `images` of another file that has a part of them. */
  takePart({ value }: JsonItem, part: string): void {
    const { id, file_name: name } = (value ?? {}) as Fields;
    const index = isId(id) ? this.#indexes.get(id) : undefined;
    if (index !== undefined && this.#images.nameOf(index) === name) this.#images.setPart(index, part);
  }

  /** Takes images and classes of another data set, by whose numbers results name theirs. */
  async takeNumbers(other: DataSet): Promise<void> {
    for (const { id, name } of other.classes) if (id !== undefined) this.#classes.set(id, { id, name });
    for await (const { id, ...image } of other.images) if (id !== undefined) this.#setImage(id, image);
  }

  /** Gives numbers that nothing explains a name: their digits. */
  takeBareNumbers(): void {
    for (let row = 0; row < this.#boxes.rows; row++) {
      const { image, category } = this.#boxes.keysOf(row);
      if (!this.#indexes.has(image)) this.#setImage(image, { name: String(image) });
      if (!this.#classes.has(category)) this.#classes.set(category, { id: category, name: String(category) });
    }
  }

  /** @param rest - What else there is to say of the data set. */
  toDataSet(rest: Pick<DataSet, 'isNumbered' | 'notes'>): DataSet {
    const boxesOf = this.#boxes.group({
      imageCount: this.#images.count,
      imageOf: (row) => this.#imageOf(row),
      classNameOf: (id) => this.#classes.get(id)!.name,
    });
    return { classes: [...this.#classes.values()], images: this.#images.withBoxes(boxesOf), ...rest };
  }

  #addClass({ id, name }: Fields, index: number): void {
    const where = `categories[${index}]`;
    if (!isId(id)) this.#refuse(where, 'has no "id" that is a whole number');
    else if (typeof name !== 'string' || name === '') this.#refuse(where, 'has no "name"');
    else if (this.#classes.has(id))
      this.#refuse(where, `has the id ${id}, as "${this.#classes.get(id)!.name}" has`, 'coco-category-id-duplicate');
    else this.#classes.set(id, { id, name: ownText(name) });
  }

  #addImage({ id, file_name: name, width, height }: Fields, index: number): void {
    const where = isId(id) ? `image ${id}` : `images[${index}]`;
    if (!isId(id)) this.#refuse(where, 'has no "id" that is a whole number');
    else if (typeof name !== 'string' || name === '') this.#refuse(where, 'has no "file_name"');
    else if (this.#indexes.has(id)) this.#refuse(where, 'comes a second time', 'coco-image-id-duplicate');
    else this.#setImage(id, { name: nameOfExported(name), width: numberOf(width), height: numberOf(height) });
  }

  #setImage(id: number, image: ImageRow): void {
    this.#indexes.set(id, this.#images.add({ ...image, id }));
  }

  #addBox({ id, image_id: image, category_id: category, bbox, ...rest }: Fields, at: string): void {
    const where = isId(id) ? `annotation ${id}` : at;
    if (!isId(image)) this.#refuse(where, 'has no "image_id" that is a whole number');
    else if (!isId(category)) this.#refuse(where, 'has no "category_id" that is a whole number');
    else if (!isXywh(bbox)) this.#refuse(where, 'has no "bbox" of four numbers');
    else {
      const { score, area, iscrowd, attributes } = rest;
      const { score: kept, prompt } =
        typeof attributes === 'object' && attributes !== null ? (attributes as Fields) : {};
      this.#boxes.add({
        image,
        category,
        box: bbox,
        isCrowd: iscrowd === 1 || iscrowd === true,
        ...optional('id', isId(id) ? id : undefined),
        ...optional('score', numberOf(score) ?? numberOf(kept)),
        ...optional('area', numberOf(area)),
        ...optional('prompt', typeof prompt === 'string' ? prompt : undefined),
      });
    }
  }

  #imageOf(row: number): number | undefined {
    const { image, category, id } = this.#boxes.keysOf(row);
    const index = this.#indexes.get(image);
    const where = id === undefined ? `annotations[${row}]` : `annotation ${id}`;
    if (index === undefined) this.#refuse(where, `names image ${image}, which is not in "images"`, 'image-unknown');
    else if (!this.#classes.has(category))
      this.#refuse(where, `names category ${category}, which is not in "categories"`, 'class-unknown');
    else return index;
    return undefined;
  }

  #refuse(what: string, problem: string, rule?: EntryRule): void {
    refuseEntry(this.#options, { where: `${this.#file}, ${what}`, problem, ...optional('rule', rule) });
  }
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** A property, unless its value is undefined. */
function optional<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]?: Value });
}
