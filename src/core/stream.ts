/**
 * Maps with at most `limit` calls in flight, yielding results as they arrive, also while the source has nothing new;
 * pulls the source only as they are consumed. The error of a rejected call is thrown to the consumer, in its turn.
 */
export async function* mapConcurrent<In, Out>(
  source: AsyncIterable<In> | Iterable<In>,
  limit: number,
  map: (item: In) => Promise<Out>,
): AsyncGenerator<Out> {
  for await (const [result] of mapInBatches(source, { limit, batchSize: 1 }, map)) yield result!;
}

/** The same, yielding up to `batchSize` results at a time: those that have arrived by then, at least one. */
export async function* mapInBatches<In, Out>(
  source: AsyncIterable<In> | Iterable<In>,
  { limit, batchSize }: { readonly limit: number; readonly batchSize: number },
  map: (item: In) => Promise<Out>,
): AsyncGenerator<Out[]> {
  const items = iterate(source);
  const settled = new Settled<Out>();
  let inFlight = 0;
  let pulled: Promise<void> | undefined; // of the source, which has not answered yet, or just now
  let answered: Promise<IteratorResult<In>> | undefined; // the same, once it has answered
  let hasEnded = false;
  const start = (next: IteratorResult<In>) => {
    hasEnded = next.done === true;
    if (next.done === true) return;
    settled.addLater(map(next.value));
    inFlight++;
  };
  const pull = () => {
    const next = items.next();
    if (!(next instanceof Promise)) {
      start(next);
      return;
    }
    const answer = () => {
      answered = next;
      settled.wake();
    };
    pulled = next.then(answer, answer);
  };
  const isOpen = () => !hasEnded;
  const mayPull = () => !hasEnded && pulled === undefined && inFlight < Math.max(1, limit);
  const hasMore = () => !hasEnded || inFlight > 0;
  const hasAnswer = () => answered !== undefined;
  const isWaiting = () => pulled !== undefined;
  try {
    while (hasMore()) {
      while (mayPull()) pull();
      if (!hasMore()) break;
      while (!hasAnswer() && settled.isEmpty) await settled.wait();
      if (hasAnswer()) {
        const next = await answered!;
        pulled = answered = undefined;
        start(next);
      } else {
        const batch = settled.takeBatch(batchSize);
        inFlight -= batch.length;
        yield batch;
      }
    }
  } finally {
    // A source that has not answered is not waited for: it may have nothing new for long.
    const ending = isOpen() ? items.return?.() : undefined;
    if (!isWaiting()) await ending;
    else void Promise.resolve(ending).catch(() => {});
  }
}

type Result<Out> = { readonly value: Out } | { readonly error: unknown };

/** Results of calls, in the order in which they arrive. */
class Settled<Out> {
  readonly #results: Result<Out>[] = [];
  #next = 0; // to be taken
  wake = () => {};

  get isEmpty(): boolean {
    return this.#next === this.#results.length;
  }

  addLater(call: Promise<Out>): void {
    const add = (result: Result<Out>) => {
      this.#results.push(result);
      this.wake();
    };
    call.then(
      (value) => add({ value }),
      (error: unknown) => add({ error }),
    );
  }

  async wait(): Promise<void> {
    await new Promise<void>((resolve) => (this.wake = resolve));
  }

  /** What arrived before a rejection is taken first. @throws The error of a rejected call, in its turn. */
  takeBatch(size: number): Out[] {
    const batch: Out[] = [];
    while (batch.length < size && !this.isEmpty) {
      const result = this.#results[this.#next]!;
      if ('error' in result && batch.length > 0) break;
      this.#next++;
      if ('error' in result) throw result.error;
      batch.push(result.value);
    }
    if (this.#next * 2 >= this.#results.length) {
      this.#results.splice(0, this.#next); // not each time: the rest is moved
      this.#next = 0;
    }
    return batch;
  }
}

function iterate<Item>(source: AsyncIterable<Item> | Iterable<Item>): AsyncIterator<Item> | Iterator<Item> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

/**
 * Maps with at most `limit` calls in flight, yielding results in the order of the source. However it ends, no call is
 * still in flight afterwards.
 */
export async function* mapInOrder<In, Out>(
  source: AsyncIterable<In> | Iterable<In>,
  limit: number,
  map: (item: In) => Promise<Out>,
): AsyncGenerator<Out> {
  const inFlight: InFlight<Out>[] = [];
  const takeFirst = () => inFlight.shift()!.result;
  try {
    for await (const item of source) {
      const call: InFlight<Out> = { result: map(item), isSettled: false };
      const settle = () => {
        call.isSettled = true;
      };
      call.result.then(settle, settle); // an error is thrown in its turn, which may come later or never
      inFlight.push(call);
      while (inFlight.length >= limit || inFlight[0]?.isSettled === true) yield await takeFirst();
    }
    while (inFlight.length > 0) yield await takeFirst();
  } finally {
    await Promise.allSettled(inFlight.map(({ result }) => result));
  }
}

interface InFlight<Out> {
  readonly result: Promise<Out>;
  isSettled: boolean;
}

/** The promise, or the signal's reason as a rejection, whichever comes first. */
export async function untilAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  promise.catch(() => {}); // once the signal has come, its rejection is not handled elsewhere
  signal.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
