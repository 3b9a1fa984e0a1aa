/** Where the cells of the grid are; pure. Only those in view are in the document, because there may be 100,000. */

export interface GridLayout {
  readonly columns: number;
  readonly rows: number;
  readonly cellWidth: number; // pixels
  readonly rowHeight: number; // pixels, with the gap
  readonly pageRows: number; // that are whole in view
}

export const GAP = 10;
const CAPTION = 54;
const NARROWEST = 132;
const WIDEST = 240;

export function layoutOf(view: { readonly width: number; readonly height: number }, count: number): GridLayout {
  const usable = Math.max(view.width, NARROWEST);
  const wanted = Math.min(WIDEST, Math.max(NARROWEST, usable / 6));
  const columns = Math.max(1, Math.floor((usable + GAP) / (wanted + GAP)));
  const cellWidth = Math.floor((usable - GAP * (columns - 1)) / columns);
  const rowHeight = Math.round(cellWidth * 0.75) + CAPTION + GAP;
  const pageRows = Math.max(1, Math.floor(view.height / rowHeight));
  return { columns, rows: Math.ceil(count / columns), cellWidth, rowHeight, pageRows };
}

/**
 * Rows to draw: those in view, two before and after, and the one with the focus, which would be lost without it.
 *
 * @returns Ascending.
 */
export function rowsToDraw(
  { rows, rowHeight }: GridLayout,
  { top, height }: { readonly top: number; readonly height: number },
  focusedRow: number,
): number[] {
  const first = Math.max(0, Math.floor(top / rowHeight) - 2);
  const last = Math.min(rows - 1, Math.ceil((top + height) / rowHeight) + 2);
  const drawn = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  if (focusedRow < 0 || focusedRow >= rows) return drawn;
  if (focusedRow < first) return [focusedRow, ...drawn];
  return focusedRow > last ? [...drawn, focusedRow] : drawn;
}

/** The place that a key leads to from another place; undefined: it is no key of the grid. */
export function placeAfterKey(
  key: { readonly name: string; readonly isControl: boolean },
  place: number,
  { columns, pageRows, count }: { readonly columns: number; readonly pageRows: number; readonly count: number },
): number | undefined {
  const row = place - (place % columns);
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: place - 1,
    ArrowRight: place + 1,
    ArrowUp: place < columns ? place : place - columns,
    ArrowDown: place + columns < count ? place + columns : Math.max(place, row + columns < count ? count - 1 : place),
    PageUp: place - Math.min(pageRows * columns, row),
    PageDown: place + pageRows * columns < count ? place + pageRows * columns : count - 1,
    Home: key.isControl ? 0 : row,
    End: key.isControl ? count - 1 : row + columns - 1,
  };
  const next = steps[key.name];
  return next === undefined ? undefined : Math.min(count - 1, Math.max(0, next));
}

/** How far to scroll so that a row is in view; the same as before where it is. */
export function scrollTo(
  row: number,
  { rowHeight }: GridLayout,
  { top, height }: { readonly top: number; readonly height: number },
): number {
  if (row * rowHeight < top) return row * rowHeight;
  return (row + 1) * rowHeight > top + height ? (row + 1) * rowHeight - height : top;
}
