const BITS = 32;

/** Whole numbers from 0 that were seen: a million of consecutive ones take little memory. */
export class IdSet {
  readonly #words = new Map<number, number>();

  /** @returns Whether it is new. */
  add(id: number): boolean {
    const key = Math.floor(id / BITS);
    const bit = 1 << (id % BITS);
    const word = this.#words.get(key) ?? 0;
    if ((word & bit) !== 0) return false;
    this.#words.set(key, word | bit);
    return true;
  }

  has(id: number): boolean {
    return ((this.#words.get(Math.floor(id / BITS)) ?? 0) & (1 << (id % BITS))) !== 0;
  }
}
