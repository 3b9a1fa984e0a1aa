/**
 * Maps with at most `limit` calls in flight, yielding results as they arrive; pulls the source only as they are
 * consumed. The error of a rejected call is thrown to the consumer, in its turn.
 */
export async function* mapConcurrent<In, Out>(
  source: AsyncIterable<In> | Iterable<In>,
  limit: number,
  map: (item: In) => Promise<Out>,
): AsyncGenerator<Out> {
  const settled: Promise<Out>[] = [];
  let inFlight = 0;
  let wake = () => {};
  const next = async () => {
    while (settled.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    inFlight--;
    return settled.shift()!;
  };
  for await (const item of source) {
    const call = map(item);
    const settle = () => {
      settled.push(call);
      wake();
    };
    call.then(settle, settle);
    if (++inFlight >= limit) yield next();
  }
  while (inFlight > 0) yield next();
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
