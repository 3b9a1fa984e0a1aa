import { fromCell, isFormula, readCsvRows } from '../../formats/csv-rows.js';
import { placeColumns, type Column, type ColumnPlaces } from '../../formats/csv/columns.js';
import { listTables } from '../../formats/csv/read-csv.js';
import { ownText } from '../../formats/reading/own-text.js';
import type { FormatCheck } from '../check.js';
import type { Report } from '../findings.js';
import type { RuleId } from '../rules/rules.js';
import { checkMark, problemOfName } from './texts.js';

/** A CSV file with a row for each box. */
export function csvCheck(): FormatCheck {
  return {
    files: async (probe, report) => {
      const [file] = await listTables(probe);
      if (file === undefined) return; // for the reader to report
      await checkMark(file, report);
      let rows: RowChecks | undefined;
      let columns = 0;
      for await (const { values, line } of readCsvRows(file)) {
        const places = rows === undefined ? placeColumns(values) : undefined;
        if (places === undefined) {
          if (values.length === columns) rows!.take(values, line); // the reader refuses others
        } else if (Array.isArray(places)) return;
        else {
          rows = new RowChecks(file, places as ColumnPlaces, report);
          columns = values.length;
        }
      }
    },
  };
}

/** Compares rows with each other. */
class RowChecks {
  readonly #file: string;
  readonly #places: ColumnPlaces;
  readonly #report: Report;
  readonly #sizes = new Map<string, string>(); // of images, as text
  readonly #idOf = new Map<string, string>(); // by the name of the class
  readonly #nameOf = new Map<string, string>();

  constructor(file: string, places: ColumnPlaces, report: Report) {
    this.#file = file;
    this.#places = places;
    this.#report = report;
  }

  take(values: readonly string[], line: number): void {
    const field = (column: Column) => values[this.#places[column] ?? -1] ?? '';
    const report = (rule: RuleId, problem: string) => this.#report({ rule, file: this.#file, line, problem });
    for (const column of ['image', 'class', 'prompt'] as const)
      if (isFormula(field(column)) && !field(column).startsWith("'"))
        report('csv-formula', `has ${JSON.stringify(field(column))} in the column ${column}`);
    const image = fromCell(field('image'));
    const problem = problemOfName(image);
    if (problem !== undefined) report('image-name', problem);
    const size = `${field('width')} x ${field('height')}`;
    const first = keep(this.#sizes, image, size);
    if (first !== size) report('csv-size', `states ${size} for ${image}, and ${first} in a row before`);
    const [name, id] = [fromCell(field('class')), field('class_id').trim()];
    if (name === '' || id === '') return;
    const [ownId, ownName] = [keep(this.#idOf, name, id), keep(this.#nameOf, id, name)];
    if (ownId !== id) report('csv-class-id', `gives "${name}" the number ${id}, and ${ownId} in a row before`);
    else if (ownName !== name) report('csv-class-id', `gives "${name}" the number ${id}, which "${ownName}" has`);
  }
}

/** The value of a key, which is the given one where there is none. */
function keep(map: Map<string, string>, key: string, value: string): string {
  const known = map.get(key);
  if (known !== undefined) return known;
  map.set(ownText(key), ownText(value));
  return value;
}
