const FIRST_ROWS = 1024;

/** A column of numbers in a table that grows, of which some are not stated: 8 bytes a row, none while there is none. */
export class NumberColumn {
  #values = new Float64Array(0);

  set(row: number, value: number | undefined): void {
    if (value === undefined) return;
    if (row >= this.#values.length) this.#grow(row + 1);
    this.#values[row] = value;
  }

  get(row: number): number | undefined {
    const value = this.#values[row];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }

  #grow(rows: number): void {
    const before = this.#values;
    this.#values = new Float64Array(Math.max(rows, before.length * 2, FIRST_ROWS));
    this.#values.set(before);
    this.#values.fill(NaN, before.length);
  }
}
