import { createReadStream } from 'node:fs';
import { CsvError, parse, type InfoRecord } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import { dataSetError, toDataSetError } from './reading/errors.js';

/** A text at which spreadsheet programs begin to compute, or one that was quoted for that reason. */
const FORMULA = /^'*[=+\-@\t\r]/;
const QUOTED = /^'+[=+\-@\t\r]/;

type CsvValue = string | number | undefined; // undefined is an empty field

/** Lines of a CSV file (RFC 4180, but LF): values with a comma, a quote or a line break are quoted. */
export function toCsvLines(rows: readonly (readonly CsvValue[])[]): string {
  return stringify(rows as CsvValue[][], { quoted_match: /[\r\n]/ });
}

/** Whether spreadsheet programs would compute a text, instead of showing it. */
export function isFormula(text: string): boolean {
  return FORMULA.test(text);
}

/** A text with `'` before it where a spreadsheet would compute it; {@link fromCell} removes it. */
export function toCell(text: string): string {
  return isFormula(text) ? `'${text}` : text;
}

export function fromCell(cell: string): string {
  return QUOTED.test(cell) ? cell.slice(1) : cell;
}

/** A row of a CSV file, and the line it ends in. */
export interface CsvRow {
  readonly values: readonly string[];
  readonly line: number; // from 1
}

/**
 * The rows of a CSV file, the first one included.
 *
 * @throws PreannotateError DATA_SET_INVALID naming the file and the line; errors of the file system as such, too.
 */
export async function* readCsvRows(path: string): AsyncGenerator<CsvRow> {
  const parser = parse({ bom: true, info: true, skip_empty_lines: true, relax_column_count: true });
  const file = createReadStream(path);
  file.on('error', (error) => parser.destroy(error));
  try {
    const records = file.pipe(parser) as AsyncIterable<InfoRecord & { record: string[]; info: { lines: number } }>;
    for await (const { record, info } of records) yield { values: record, line: info.lines };
  } catch (error) {
    if (!(error instanceof CsvError)) throw toDataSetError(path, error);
    const line = typeof error['lines'] === 'number' ? `:${error['lines']}` : '';
    throw dataSetError({ where: path + line, problem: `it is not CSV (${error.message})` }, error);
  } finally {
    file.destroy();
  }
}
