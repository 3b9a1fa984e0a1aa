import { compareGroups, type FileGroup, type WrittenFile } from './record-lines.js';

/** What was written for an image, and what is to be written now. */
export interface GroupPair<Now> {
  readonly image: string | undefined; // undefined: the files of the view as a whole
  readonly before: readonly WrittenFile[];
  readonly now: Now | undefined; // undefined: the image is no longer in the view
}

/** Walks two lists together, which are in the order of image names; neither is ever in memory. */
export async function* mergeGroups<Now extends { readonly image?: string }>(
  recorded: AsyncIterable<FileGroup>,
  current: AsyncIterable<Now>,
): AsyncGenerator<GroupPair<Now>> {
  const before = recorded[Symbol.asyncIterator]();
  try {
    let earlier = await before.next();
    for await (const now of current) {
      for (; earlier.done !== true && compareGroups(earlier.value, now) < 0; earlier = await before.next())
        yield toPair<Now>(earlier.value, undefined);
      if (earlier.done === true || compareGroups(earlier.value, now) > 0) yield toPair({ ...now, files: [] }, now);
      else {
        yield toPair(earlier.value, now);
        earlier = await before.next();
      }
    }
    for (; earlier.done !== true; earlier = await before.next()) yield toPair<Now>(earlier.value, undefined);
  } finally {
    await before.return?.();
  }
}

function toPair<Now>({ image, files }: FileGroup, now: Now | undefined): GroupPair<Now> {
  return { image, before: files, now };
}
