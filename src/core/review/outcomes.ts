import type { BoxStatus } from './decision.js';

/** Boxes that people decided on, by what became of them. */
export type Outcomes = Readonly<Record<BoxStatus, number>>;

/** Places of what became of boxes in {@link OutcomeCounts}. */
export const PLACES: Outcomes = { kept: 0, corrected: 1, rejected: 2, drawn: 3 };
const SIZE = 4;

/** Counts of boxes by class, of open and of accepted images. Numbers, because a run may have millions of boxes. */
export class OutcomeCounts {
  readonly #byClass = new Map<string, Uint32Array>();

  /** The counts of a class, to be raised: of open images, and from `offset` on of accepted ones. */
  of(name: string): Uint32Array {
    const known = this.#byClass.get(name);
    if (known !== undefined) return known;
    const counts = new Uint32Array(2 * SIZE);
    this.#byClass.set(name, counts);
    return counts;
  }

  static offset(isAccepted: boolean): number {
    return isAccepted ? SIZE : 0;
  }

  get all(): Outcomes {
    return sumOf(this.#byClass.values(), [0, SIZE]);
  }

  get ofAccepted(): Outcomes {
    return sumOf(this.#byClass.values(), [SIZE]);
  }

  /** In the order in which classes were met. */
  get byClass(): ReadonlyMap<string, Outcomes> {
    return new Map([...this.#byClass].map(([name, counts]) => [name, sumOf([counts], [0, SIZE])]));
  }
}

function sumOf(all: Iterable<Uint32Array>, offsets: readonly number[]): Outcomes {
  const sum = { kept: 0, corrected: 0, rejected: 0, drawn: 0 };
  for (const counts of all)
    for (const offset of offsets)
      for (const status of Object.keys(sum) as BoxStatus[]) sum[status] += counts[offset + PLACES[status]]!;
  return sum;
}
