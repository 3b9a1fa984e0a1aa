/** Shares a bounded quantity among waiting calls, first come first served. */
export class Budget {
  readonly #total: number;
  #free: number;
  readonly #waiting: { cost: number; grant: () => void }[] = [];

  constructor(total: number) {
    this.#total = total;
    this.#free = total;
  }

  /**
   * Waits until `cost` is free, at most for the whole budget. Dispose of the share to give it back.
   *
   * @throws Error for a cost that is not a number from 0 on: the budget would never be right again.
   */
  async take(cost: number): Promise<Disposable> {
    if (!(cost >= 0)) throw new Error(`a share of a budget cannot cost ${cost}. This is a bug.`);
    const share = Math.min(cost, this.#total);
    if (this.#waiting.length > 0 || share > this.#free) {
      await new Promise<void>((grant) => this.#waiting.push({ cost: share, grant }));
    } else {
      this.#free -= share;
    }
    return { [Symbol.dispose]: () => this.#giveBack(share) };
  }

  #giveBack(share: number): void {
    this.#free += share;
    while (this.#waiting.length > 0 && this.#waiting[0]!.cost <= this.#free) {
      const { cost, grant } = this.#waiting.shift()!;
      this.#free -= cost;
      grant();
    }
  }
}
