const TO_UNIT = 2 ** -31;

/**
 * Numbers that look random, and are the same for the same seed on every machine.
 *
 * @see Marsaglia, "Xorshift RNGs", 2003: the 32-bit generator
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b9) | 1; // neighbouring seeds get states far apart, and none is 0
    for (let i = 0; i < 8; i++) this.uniform();
  }

  /** In [-1, 1). */
  uniform(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state * TO_UNIT;
  }

  chance(share: number): boolean {
    return (this.uniform() + 1) / 2 < share;
  }

  /** An integer from 0 on. */
  below(limit: number): number {
    return Math.floor(((this.uniform() + 1) / 2) * limit);
  }

  oneOf<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}
