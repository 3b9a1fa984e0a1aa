/** Aligned columns: the first to the left, others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  return align(rows, (cell, width, column) => (column === 0 ? cell.padEnd(width) : cell.padStart(width)));
}

/** Aligned columns, all to the left: for names more than for numbers. */
export function leftTable(rows: readonly (readonly string[])[]): string[] {
  return align(rows, (cell, width) => cell.padEnd(width));
}

function align(
  rows: readonly (readonly string[])[],
  pad: (cell: string, width: number, column: number) => string,
): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column]!, column))
      .join('  ')
      .trimEnd(),
  );
}
