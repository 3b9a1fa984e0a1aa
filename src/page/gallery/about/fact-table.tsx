import type { ComponentChildren } from 'preact';

interface FactTableProps {
  readonly label: string;
  readonly columns: readonly string[]; // the first is that of the names
  readonly rows: readonly FactRow[];
}

interface FactRow {
  readonly name: string;
  readonly mark?: ComponentChildren; // before the name
  readonly cells: readonly string[];
}

/** A table with a line for each class. A long one scrolls, with keys too. */
export function FactTable({ label, columns, rows }: FactTableProps) {
  return (
    <div class="scroller" tabIndex={0} role="group" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, mark, cells }) => (
            <tr key={name}>
              <th scope="row" dir="auto">
                {mark} {name}
              </th>
              {cells.map((cell, i) => (
                <td key={columns[i + 1]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
