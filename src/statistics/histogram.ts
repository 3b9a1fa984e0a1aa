/** The spread of values: the smallest, the largest, and between them quartiles. */
export interface Spread {
  readonly min: number;
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
  readonly max: number;
}

/** Counts values, rounded to some decimals: of a million scores, there are at most 100,001 to keep. */
export class Histogram {
  readonly #scale: number;
  readonly #counts = new Map<number, number>();
  #total = 0;

  /** @param decimals - Of the values that are told apart. */
  constructor(decimals: number) {
    this.#scale = 10 ** decimals;
  }

  get total(): number {
    return this.#total;
  }

  add(value: number): void {
    const key = Math.round(value * this.#scale);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#total++;
  }

  /** Quartiles between two values are interpolated, as NumPy does. Undefined where there are no values. */
  spread(): Spread | undefined {
    if (this.#total === 0) return undefined;
    const sorted = [...this.#counts].sort(([a], [b]) => a - b);
    const [min, q1, median, q3, max] = [0, 0.25, 0.5, 0.75, 1].map((share) => this.#quantile(sorted, share));
    return { min: min!, q1: q1!, median: median!, q3: q3!, max: max! };
  }

  #quantile(sorted: readonly (readonly [key: number, count: number])[], share: number): number {
    const rank = share * (this.#total - 1);
    const below = keyAt(sorted, Math.floor(rank));
    const above = keyAt(sorted, Math.ceil(rank));
    const exact = (below + (above - below) * (rank - Math.floor(rank))) / this.#scale;
    return Math.round(exact * this.#scale * 10) / (this.#scale * 10);
  }
}

/** @param rank - From 0. */
function keyAt(sorted: readonly (readonly [key: number, count: number])[], rank: number): number {
  let passed = 0;
  for (const [key, count] of sorted) {
    passed += count;
    if (passed > rank) return key;
  }
  return sorted.at(-1)![0];
}
