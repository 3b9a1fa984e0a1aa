import { setImmediate } from 'node:timers/promises';

const SLICE = 256; // calls before other work of this process has its turn
const SLOW_SLICE_MS = 25; // ten times what a local disk takes
const SLOW_SLICES = 8; // in a row: a busy machine delays one now and then

/** How a file is looked at, at once or later. */
export interface Look<Stats> {
  readonly now: (path: string) => Stats;
  readonly later: (path: string) => Promise<Stats>;
}

/**
 * Looks at many files, in their order. On a local disk, each is waited for: that takes a few microseconds of the
 * processor, a call that is answered later many times as much. A network file system is asked for many at once.
 *
 * @param visit - Is given what was found. What it throws is thrown.
 */
export async function lookAtAll<Item extends { readonly path: string }, Stats>(
  items: AsyncIterable<Item> | Iterable<Item>,
  { now, later }: Look<Stats>,
  visit: (item: Item, stats: Stats) => void,
): Promise<void> {
  let slice: Item[] = [];
  let slowSlices = 0;
  const lookAtSlice = async () => {
    if (slowSlices === SLOW_SLICES) {
      const found = await Promise.all(slice.map(({ path }) => later(path)));
      slice.forEach((item, i) => visit(item, found[i]!));
    } else {
      const begun = performance.now();
      for (const item of slice) visit(item, now(item.path));
      slowSlices = performance.now() - begun > SLOW_SLICE_MS ? slowSlices + 1 : 0;
      await setImmediate(); // signals, and the heartbeat of the lock
    }
    slice = [];
  };
  for await (const item of items) {
    slice.push(item);
    if (slice.length === SLICE) await lookAtSlice();
  }
  await lookAtSlice();
}
