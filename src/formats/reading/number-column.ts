const BLOCK_ROWS = 1 << 14; // 128 KB at most: a column grows without being copied
const MISSING = -(2 ** 31); // among whole numbers

/**
 * A column of numbers in a table that grows, of which some are not stated: 4 bytes a row for small whole numbers, 8 for
 * others, none while there is none.
 */
export class NumberColumn {
  readonly #blocks: (Int32Array | Float64Array | undefined)[] = [];

  set(row: number, value: number | undefined): void {
    if (value === undefined) return;
    const at = Math.floor(row / BLOCK_ROWS);
    let block = (this.#blocks[at] ??= new Int32Array(BLOCK_ROWS).fill(MISSING));
    if (block instanceof Int32Array && !isSmall(value))
      block = this.#blocks[at] = Float64Array.from(block, (each) => (each === MISSING ? NaN : each));
    block[row % BLOCK_ROWS] = value;
  }

  get(row: number): number | undefined {
    const block = this.#blocks[Math.floor(row / BLOCK_ROWS)];
    const value = block?.[row % BLOCK_ROWS];
    if (value === undefined || Number.isNaN(value)) return undefined;
    return block instanceof Int32Array && value === MISSING ? undefined : value;
  }
}

/** Whether a number is kept exactly as one of 32 bits; -0 is not. */
function isSmall(value: number): boolean {
  return (value | 0) === value && value !== MISSING && !Object.is(value, -0);
}
