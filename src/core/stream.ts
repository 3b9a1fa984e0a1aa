/**
 * Maps with at most `limit` calls in flight, yielding results as they arrive, also while the source has nothing new;
 * pulls the source only as they are consumed. The error of a rejected call is thrown to the consumer, in its turn.
 */
export async function* mapConcurrent<In, Out>(
  source: AsyncIterable<In> | Iterable<In>,
  limit: number,
  map: (item: In) => Promise<Out>,
): AsyncGenerator<Out> {
  const items = iterate(source);
  const settled: Promise<Out>[] = [];
  let inFlight = 0;
  let pulled: Promise<IteratorResult<In>> | undefined; // of the source, which has not answered yet, or just now
  let answered: Promise<IteratorResult<In>> | undefined; // the same, once it has answered
  let hasEnded = false;
  let wake = () => {};
  const pull = () => {
    const next = Promise.resolve(items.next());
    const answer = () => {
      answered = next;
      wake();
    };
    next.then(answer, answer);
    return next;
  };
  const start = (item: In) => {
    const call = map(item);
    const settle = () => {
      settled.push(call);
      wake();
    };
    call.then(settle, settle);
    inFlight++;
  };
  try {
    while (!hasEnded || inFlight > 0) {
      if (!hasEnded && inFlight < Math.max(1, limit)) pulled ??= pull();
      while (answered === undefined && settled.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      if (answered !== undefined) {
        const next = await answered;
        pulled = answered = undefined;
        hasEnded = next.done === true;
        if (next.done !== true) start(next.value);
      } else {
        inFlight--;
        yield settled.shift()!;
      }
    }
  } finally {
    // A source that has not answered is not waited for: it may have nothing new for long.
    const ending = hasEnded ? undefined : items.return?.();
    if (pulled === undefined) await ending;
    else void Promise.resolve(ending).catch(() => {});
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
  const inFlight: Promise<Out>[] = [];
  try {
    for await (const item of source) {
      const call = map(item);
      call.catch(() => {}); // thrown to the consumer in its turn, which may come later or, after another error, never
      inFlight.push(call);
      if (inFlight.length >= limit) yield await inFlight.shift()!;
    }
    while (inFlight.length > 0) yield await inFlight.shift()!;
  } finally {
    await Promise.allSettled(inFlight);
  }
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
