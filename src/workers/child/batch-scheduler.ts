import { messageOf } from '../../core/errors.js';
import { countQueryCells, type QueryBank } from '../../model/query-groups.js';

/**
 * Every patch of a pass is compared with the queries of all its images: groups x members of them. This many take 38 MB
 * for eight images of OWL-ViT base/32 and little time compared with its encoder; beyond it, another pass costs less.
 */
const MAX_QUERY_CELLS = 2048;

/** What ONNX Runtime's providers, CUDA, Direct3D and Vulkan report when the device's memory is full. */
const NO_MEMORY = new RegExp(
  [
    'out of (?:device |host )?memory|OUT_OF_(?:DEVICE_|HOST_)?MEMORY|OUTOFMEMORY|allocate memory',
    'ALLOC_FAILED|bad_alloc|BFCArena',
  ].join('|'),
  'i',
);

/** Reports that a batch of `refused` had no room, and one of `fitted` had. */
type OnSmaller = (refused: number, fitted: number) => void;

/** One input of a forward pass. */
export interface ScheduledItem {
  readonly queries: QueryBank;
  readonly shape?: string; // of its pixels; default: that of all others without one
}

/** Items of other shapes may wait beside so many times the items of a pass, for one of their own to fill up. */
const WAITING_PASSES = 2;

/**
 * Decides what goes through the model in one forward pass. All limits of a batch are here: the count of the user and of
 * the graph, the device's memory, and the cells of queries. Results do not depend on the limits: those of an image do
 * not depend on its neighbours in the batch.
 */
export class BatchScheduler<Item extends ScheduledItem> {
  readonly #onSmaller: OnSmaller;
  readonly #waiting: Item[] = [];
  #maxCount: number;
  #refused = 0; // the largest batch that had no room since one fitted

  /** @param maxCount - Items of one pass. A batch that does not fit the device's memory halves it. */
  constructor(maxCount: number, onSmaller: OnSmaller) {
    this.#maxCount = maxCount;
    this.#onSmaller = onSmaller;
  }

  add(item: Item): void {
    this.#waiting.push(item);
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Whether as many items wait as the next pass takes, or so many that it should not wait for more. */
  get isFull(): boolean {
    const { length } = this.#waiting;
    if (length < this.#maxCount || length >= this.#maxCount * WAITING_PASSES) return length >= this.#maxCount;
    const [first] = this.#waiting;
    return this.#waiting.filter(({ shape }) => shape === first!.shape).length >= this.#maxCount;
  }

  remove(matches: (item: Item) => boolean): void {
    const kept = this.#waiting.filter((item) => !matches(item));
    this.#waiting.splice(0, this.#waiting.length, ...kept);
  }

  /**
   * Computes one batch, which holds the item that has waited longest.
   *
   * @param compute - One forward pass: one result an item, in order.
   * @throws What `compute` throws; an out-of-memory error only when a single item causes it.
   */
  async run<Result>(
    compute: (batch: readonly Item[]) => Promise<readonly Result[]>,
  ): Promise<{ batch: readonly Item[]; results: readonly Result[] }> {
    for (;;) {
      const batch = this.#takeBatch();
      try {
        const results = await compute(batch);
        if (this.#refused > 0) this.#onSmaller(this.#refused, this.#maxCount);
        this.#refused = 0;
        return { batch, results };
      } catch (error) {
        if (batch.length === 1 || !NO_MEMORY.test(messageOf(error))) throw error;
        this.#refused ||= batch.length;
        this.#maxCount = Math.ceil(batch.length / 2);
        this.#waiting.unshift(...batch);
      }
    }
  }

  /** In the order of arrival, without items of another shape, or whose queries are too many beside earlier ones'. */
  #takeBatch(): Item[] {
    const banks = new Set<QueryBank>();
    const batch: Item[] = [];
    const left = this.#waiting.splice(0).filter((item) => {
      const isOfShape = batch.length === 0 || item.shape === batch[0]!.shape;
      if (batch.length >= this.#maxCount || !isOfShape || !fitsBeside(banks, item.queries)) return true;
      banks.add(item.queries);
      batch.push(item);
      return false;
    });
    this.#waiting.push(...left);
    return batch;
  }
}

/** One bank alone always fits, however large it is. */
function fitsBeside(banks: ReadonlySet<QueryBank>, bank: QueryBank): boolean {
  if (banks.size === 0 || banks.has(bank)) return true;
  return countQueryCells([...banks, bank]) <= MAX_QUERY_CELLS;
}
