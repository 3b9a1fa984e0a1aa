import { z } from 'zod';
import { replaceIfChanged } from '../../../disk/atomic.js';
import { formatLine, parseLine } from '../../../disk/checked-line.js';
import { readLines } from '../../../disk/lines.js';

/** What a view was made from when it was complete: one that is as it was then is not made again. */
const MadeView = z.object({
  inputs: z.string(), // digest of everything that decides what is in its files
  record: z.string(), // digest of the record of its files
  folders: z.array(z.string()), // made even when they stay empty
  notes: z.array(z.string()), // that come with every making
  counts: z.unknown(), // of its images and boxes
});
export type MadeView = z.output<typeof MadeView>;

/** @returns undefined where it is missing or damaged, or of a version that writes another form. */
export async function readMadeView(path: string): Promise<MadeView | undefined> {
  try {
    for await (const { line, complete } of readLines(path))
      return complete ? MadeView.safeParse(parseLine(line)).data : undefined;
  } catch {
    // The view is made again, and this file with it.
  }
  return undefined;
}

/** @throws PreannotateError WRITE_FAILED */
export async function writeMadeView(path: string, made: MadeView): Promise<void> {
  await replaceIfChanged(path, formatLine(made));
}
