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
  const rowName = (place: number) => classes[place] ?? BACKGROUND.row;
  const columnName = (place: number) => classes[place] ?? BACKGROUND.column;
  const totals = matrix.map((row) => row.reduce((sum, count) => sum + count, 0));
  const { used, shown } = chooseClasses(matrix, totals);
  const order = [...shown, classes.length]; // behind the classes: the background
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
    const cells = order.flatMap((to, column) => {
      const count = matrix[from]![to]!;
      const name = `${rowName(from)} → ${columnName(to)}: ${count}`;
      return drawCell({ count, of: totals[from]!, name }, { x: left + column * cell, y, side: cell });
    });
    return [label, ...cells];
  });
  const columns = order.map((to, column) =>
    drawUpwards(columnName(to), { x: left + (column + 0.5) * cell + 4, y: top - 6 }),
  );
  const side = order.length * cell;
  const frame = `<rect class="axis" x="${left}" y="${top}" width="${side}" height="${side}"/>`;
  const part = shown.length < used ? ` The ${shown.length} of ${used} classes with most objects.` : '';
  return svgFile(
    {
      width: Math.max(left + side + 16, 480),
      height: top + side + 16,
      title: 'Confusion matrix',
      note: `Rows: objects. Columns: what was found at IoU ${iou}. Colour: share of the row.${part}`,
    },
    [...columns, ...content, frame],
  );
}

/** The classes with most objects, by their numbers, and how many there are to choose from. */
function chooseClasses(
  matrix: ConfusionReport['matrix'],
  totals: readonly number[],
): { used: number; shown: readonly number[] } {
  const places = [...totals.keys()].slice(0, -1); // without the background
  const used = places.filter((i) => totals[i]! > 0 || matrix.some((row) => row[i]! > 0));
  const shown = used.sort((a, b) => totals[b]! - totals[a]!).slice(0, MAX_CLASSES);
  return { used: used.length, shown: shown.sort((a, b) => a - b) };
}

function drawUpwards(name: string, { x, y }: { x: number; y: number }): string {
  return textAt(0, 0, {
    text: shorten(name, NAME_CHARACTERS),
    attributes: `transform="translate(${px(x)} ${y}) rotate(-90)"`,
  });
}

/** @param cell.of - All objects of the row. */
function drawCell(
  { count, of, name }: { count: number; of: number; name: string },
  { x, y, side }: { x: number; y: number; side: number },
): string[] {
  if (count === 0) return [];
  const share = count / Math.max(1, of);
  const rect =
    `<rect class="cell" x="${px(x)}" y="${px(y)}" width="${side}" height="${side}" ` +
    `fill-opacity="${px(0.12 + 0.5 * share)}"><title>${escapeXml(name)}</title></rect>`;
  if (side === CELL.small) return [rect];
  return [rect, textAt(x + side / 2, y + side / 2 + 4, { text: String(count), attributes: 'text-anchor="middle"' })];
}
