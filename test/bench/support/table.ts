/** Prints aligned columns under a title: the first to the left, numbers to the right. */
export function printTable(title: string, header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ');
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  process.stdout.write(`\n${title}\n\n${[line(header), rule, ...rows.map(line)].join('\n').replaceAll(/ +$/gm, '')}\n`);
}

/** A figure and its goal. */
export interface GoalRow {
  readonly figure: string;
  readonly measured: number;
  readonly goal: number;
  readonly atLeast: boolean; // else at most
  readonly unit: string;
}

export function printGoals(rows: readonly GoalRow[]): void {
  const cells = rows.map(({ figure, measured, goal, atLeast, unit }) => {
    const met = atLeast ? measured >= goal : measured <= goal;
    return [
      figure,
      `${measured.toFixed(2)} ${unit}`,
      `${atLeast ? '>=' : '<='} ${goal.toFixed(2)} ${unit}`,
      met ? 'met' : 'missed',
    ];
  });
  printTable('Against the goals', ['figure', 'measured', 'goal', ''], cells);
}
