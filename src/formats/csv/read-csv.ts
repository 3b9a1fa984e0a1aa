import type { DataSet, DataSetClass } from '../../core/data-set/data-set.js';
import { counted, excerpt } from '../../core/text.js';
import { fromCell, readCsvRows, type CsvRow } from '../csv-rows.js';
import { LabelTable } from '../reading/label-table.js';
import { dataSetError, refuseEntry } from '../reading/errors.js';
import { toPart } from '../reading/files/part-name.js';
import { ImageTable, type ImageRow } from '../reading/image-table.js';
import { ownText } from '../reading/own-text.js';
import type { DataSetProbe } from '../reading/probe.js';
import type { ReadOptions } from '../reading/read-options.js';
import { COLUMNS, placeColumns, type Column, type ColumnPlaces } from './columns.js';

/** Whether a path is a CSV file with a row for each box, or a folder with one. */
export async function recogniseCsv(probe: DataSetProbe): Promise<boolean> {
  return (await listTables(probe)).length === 1;
}

/** Reads a CSV file whose first row names the columns, in any order; rows of an image need not be together. */
export async function readCsv(probe: DataSetProbe, options: ReadOptions): Promise<DataSet> {
  const files = probe.isFolder ? await listTables(probe) : [probe.path];
  if (files.length !== 1) {
    const problem = files.length === 0 ? 'there is no CSV file of boxes in it' : 'it holds several CSV files of boxes';
    throw dataSetError({ where: probe.path, problem, hint: 'Name the file.' });
  }
  const table = new CsvTable(files[0]!, options);
  for await (const row of readCsvRows(files[0]!)) table.take(row);
  return table.toDataSet();
}

export async function listTables(probe: DataSetProbe): Promise<string[]> {
  const tables: string[] = [];
  for (const file of probe.isFolder ? await probe.files('.csv') : [probe.path]) {
    const [header = ''] = ((await probe.head(file)) ?? '').split('\n', 1);
    const columns = placeColumns(header.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1')));
    if (!Array.isArray(columns)) tables.push(file);
  }
  return tables;
}

/** What a CSV file holds, compactly. */
class CsvTable {
  readonly #file: string;
  readonly #options: ReadOptions;
  #places: ColumnPlaces | undefined;
  #columns = 0;
  readonly #classIndexes = new Map<string, number>();
  readonly #classes: DataSetClass[] = [];
  readonly #imageIndexes = new Map<string, number>();
  readonly #images: ImageTable;
  readonly #boxes = new LabelTable('xyxy');

  constructor(file: string, options: ReadOptions) {
    this.#file = file;
    this.#images = new ImageTable(file);
    this.#options = options;
  }

  take(row: CsvRow): void {
    if (this.#places === undefined) {
      this.#places = this.#readHeader(row);
      this.#columns = row.values.length;
      return;
    }
    const problem = this.#add(row, this.#places);
    if (problem !== undefined) refuseEntry(this.#options, { where: `${this.#file}:${row.line}`, problem });
  }

  /** @returns What is wrong with a row. */
  #add({ values, line }: CsvRow, places: ColumnPlaces): string | undefined {
    const { length } = values;
    if (length !== this.#columns) return `has ${counted(length, 'column')}, and the first row ${this.#columns}`;
    const field = (column: Column) => values[places[column] ?? -1] ?? '';
    const name = fromCell(field('image'));
    if (name === '') return 'has no image';
    const image = this.#imageAt({
      name,
      line,
      width: numberOf(field('width')),
      height: numberOf(field('height')),
      part: partOf(field('part')),
    });
    const className = fromCell(field('class'));
    const sides = [field('x1'), field('y1'), field('x2'), field('y2')] as const;
    if (className === '' && sides.every((side) => side.trim() === '')) return undefined; // an image without boxes
    if (className === '') return 'has no class';
    const box = sides.map(numberOf);
    const wrong = box.indexOf(undefined);
    if (wrong !== -1) return `"${excerpt(sides[wrong]!)}" is no coordinate of a box`;
    const score = numberOf(field('score'));
    const prompt = fromCell(field('prompt'));
    this.#boxes.add({
      image,
      category: this.#classAt(className, numberOf(field('class_id'))),
      box: box as [number, number, number, number],
      line,
      ...(score === undefined ? {} : { score }),
      ...(prompt === '' ? {} : { prompt }),
    });
    return undefined;
  }

  toDataSet(): DataSet {
    if (this.#places === undefined) throw dataSetError({ where: this.#file, problem: 'it has no rows' });
    const boxesOf = this.#boxes.group({
      imageCount: this.#images.count,
      imageOf: (row) => this.#boxes.keysOf(row).image,
      classNameOf: (index) => this.#classes[index]!.name,
    });
    return { classes: sortById(this.#classes), images: this.#images.withBoxes(boxesOf), notes: [] };
  }

  #readHeader({ values, line }: CsvRow): ColumnPlaces {
    const places = placeColumns(values);
    if (!Array.isArray(places)) return places as ColumnPlaces;
    const missing = (places as readonly Column[]).map((name) => `"${name}"`).join(', ');
    const hint = `The first row names the columns: ${COLUMNS.join(',')}.`;
    throw dataSetError({ where: `${this.#file}:${line}`, problem: `there is no column ${missing}`, hint });
  }

  #imageAt(image: ImageRow): number {
    const known = this.#imageIndexes.get(image.name);
    if (known !== undefined) return known;
    const index = this.#images.add(image);
    this.#imageIndexes.set(this.#images.nameOf(index), index);
    return index;
  }

  #classAt(name: string, id: number | undefined): number {
    const known = this.#classIndexes.get(name);
    if (known !== undefined) return known;
    const own = ownText(name);
    const index = this.#classes.push(id === undefined ? { name: own } : { name: own, id }) - 1;
    this.#classIndexes.set(own, index);
    return index;
  }
}

/** By their numbers, where all have one; else in the order in which they come. */
function sortById(classes: readonly DataSetClass[]): DataSetClass[] {
  const isNumbered = classes.every(({ id }) => id !== undefined);
  return isNumbered ? [...classes].sort((a, b) => a.id! - b.id!) : [...classes];
}

function partOf(text: string): string | undefined {
  const part = fromCell(text).trim();
  return part === '' ? undefined : toPart(part);
}

function numberOf(text: string): number | undefined {
  const value = text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}
