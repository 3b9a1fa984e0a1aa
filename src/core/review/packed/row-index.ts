const NONE = -1;

/** The rows of one image by their patch, chained by the last bits of its number. */
export class RowIndex {
  readonly #patches: Uint32Array;
  readonly #start: number;
  readonly #firsts: Int32Array; // row of the first of each chain, from the start of the image
  readonly #followers: Int32Array;

  constructor(patches: Uint32Array, start: number, end: number) {
    [this.#patches, this.#start] = [patches, start];
    const count = end - start;
    this.#firsts = new Int32Array(2 ** Math.ceil(Math.log2(count + 1))).fill(NONE);
    this.#followers = new Int32Array(count);
    for (let row = count - 1; row >= 0; row--) {
      const chain = this.#chainOf(patches[start + row]!);
      this.#followers[row] = this.#firsts[chain]!;
      this.#firsts[chain] = row;
    }
  }

  /** The first such row of a patch from one on, or else from the start of the image. */
  find(patch: number, from: number, isRow: (row: number) => boolean): number | undefined {
    let earlier: number | undefined;
    for (let i = this.#firsts[this.#chainOf(patch)]!; i !== NONE; i = this.#followers[i]!) {
      const row = this.#start + i;
      if (this.#patches[row] !== patch || (row < from && earlier !== undefined) || !isRow(row)) continue;
      if (row >= from) return row;
      earlier = row;
    }
    return earlier;
  }

  #chainOf(patch: number): number {
    return patch & (this.#firsts.length - 1);
  }
}
