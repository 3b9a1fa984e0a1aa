import type { ConfusionReport } from '../report.js';
import { escapeXml, px, shorten, svgFile, textAt } from './svg.js';

/** Larger ones cannot be read; the JSON has all. */
const MAX_CLASSES = 100;
const WITH_COUNTS = 30; // classes, up to which cells are large enough for numbers
const CELL = { large: 26, small: 13 };
const CHARACTER = 6.5; // pixels, about
const NAME_CHARACTERS = 22;
const TOP = 60;
const BACKGROUND = { row: 'no object', column: 'missed' };

/** The confusion matrix: rows are objects, columns what was found; each row is coloured by its shares. */
export function matrixFile({ classes, matrix }: ConfusionReport, iou: number): string {
  const background = classes.length;
  const rowName = (place: number) => classes[place] ?? BACKGROUND.row;
  const columnName = (place: number) => classes[place] ?? BACKGROUND.column;
  const totals = matrix.map((row) => row.reduce((sum, count) => sum + count, 0));
  const used = [...classes.keys()].filter((i) => totals[i]! > 0 || matrix.some((row) => row[i]! > 0));
  const shown = used.sort((a, b) => totals[b]! - totals[a]!).slice(0, MAX_CLASSES);
  const order = [...shown.sort((a, b) => a - b), background];
  const cell = shown.length <= WITH_COUNTS ? CELL.large : CELL.small;
  const longest = Math.max(...order.map((place) => Math.max(rowName(place).length, columnName(place).length)));
  const names = CHARACTER * Math.min(longest, NAME_CHARACTERS) + 10;
  const [left, top] = [16 + names, TOP + names];
  const content = order.flatMap((from, row) => {
    const y = top + row * cell;
    const label = textAt(left - 6, y + cell / 2 + 4, {
      text: shorten(rowName(from), NAME_CHARACTERS),
      attributes: 'text-anchor="end"',
    });
    return [label, ...order.flatMap((to, column) => drawCell(from, to, { x: left + column * cell, y }))];
  });
  const columns = order.map((to, column) =>
    textAt(0, 0, {
      text: shorten(columnName(to), NAME_CHARACTERS),
      attributes: `transform="translate(${px(left + (column + 0.5) * cell + 4)} ${top - 6}) rotate(-90)"`,
    }),
  );
  const side = order.length * cell;
  const frame = `<rect class="axis" x="${left}" y="${top}" width="${side}" height="${side}"/>`;
  const part = shown.length < used.length ? ` The ${shown.length} of ${used.length} classes with most objects.` : '';
  return svgFile(
    {
      width: Math.max(left + side + 16, 480),
      height: top + side + 16,
      title: 'Confusion matrix',
      note: `Rows: objects. Columns: what was found at IoU ${iou}. Colour: share of the row.${part}`,
    },
    [...columns, ...content, frame],
  );

  function drawCell(from: number, to: number, { x, y }: { x: number; y: number }): string[] {
    const count = matrix[from]![to]!;
    if (count === 0) return [];
    const share = count / Math.max(1, totals[from]!);
    const names = `${rowName(from)} → ${columnName(to)}: ${count}`;
    const rect =
      `<rect class="cell" x="${px(x)}" y="${px(y)}" width="${cell}" height="${cell}" ` +
      `fill-opacity="${px(0.12 + 0.5 * share)}"><title>${escapeXml(names)}</title></rect>`;
    if (cell === CELL.small) return [rect];
    return [rect, textAt(x + cell / 2, y + cell / 2 + 4, { text: String(count), attributes: 'text-anchor="middle"' })];
  }
}
