const BITS = 1 << 27; // 16 MB, for numbers of all images of any run; few are larger

/** A set of positive numbers that leaves out few of those below its largest: it takes a bit for each of them. */
export class NumberSet {
  #bits = new Uint8Array(128);
  readonly #large = new Set<number>();

  /** @returns Whether it was not there yet. */
  add(number: number): boolean {
    if (this.has(number)) return false;
    if (number >= BITS) this.#large.add(number);
    else {
      if (number >> 3 >= this.#bits.length) this.#grow(number);
      this.#bits[number >> 3]! |= 1 << (number & 7);
    }
    return true;
  }

  has(number: number): boolean {
    if (number >= BITS) return this.#large.has(number);
    return ((this.#bits[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }

  #grow(number: number): void {
    const bits = new Uint8Array(Math.min(BITS / 8, number >> 2)); // twice what is needed
    bits.set(this.#bits);
    this.#bits = bits;
  }
}
