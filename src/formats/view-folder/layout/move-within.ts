import { readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { makeFolder } from '../../../disk/make-folder.js';
import { withWriteErrors } from '../../../disk/write-failure.js';
import { statsOf } from '../disk-state.js';
import { moveFile } from '../move-file.js';

/**
 * Moves a file, a folder or a link to a place that is free, within a view. A relative link that the user made goes on
 * leading where it led. However it is interrupted, what is moved is whole in one of the two places, or in both.
 *
 * @param from - Absolute path.
 * @param to - Absolute path; its folder is made.
 * @param keepsText - Whether a link keeps its text, because it will be made again.
 * @throws PreannotateError WRITE_FAILED
 */
export async function moveWithin(
  from: string,
  to: string,
  { keepsText, temporary }: { keepsText: boolean; temporary: string },
): Promise<void> {
  const isLink = (await statsOf(from))?.isSymbolicLink() === true;
  const text = isLink ? await readlink(from) : '';
  await withWriteErrors(to, async () => {
    if (!isLink || keepsText || isAbsolute(text)) {
      await moveFile(from, to);
      return;
    }
    await makeFolder(dirname(to));
    await makeFolder(dirname(temporary));
    await rm(temporary, { force: true });
    await symlink(relative(dirname(to), resolve(dirname(from), text)), temporary);
    await rename(temporary, to);
    await rm(from);
  });
}

/**
 * Makes a folder where a file or a link is, and moves that into it, under the same name: `images/train`, of an image
 * that is called `train`, becomes `images/train/train`.
 *
 * @param place - Absolute path.
 * @param aside - Absolute path of a folder in which it is for a moment. One that was left by a process that was killed
 *   is used.
 * @throws PreannotateError WRITE_FAILED
 */
export async function makeFolderAround(place: string, name: string, aside: string): Promise<void> {
  await withWriteErrors(place, async () => {
    const stats = await statsOf(place);
    const inside = join(aside, name);
    if (stats !== undefined && !stats.isDirectory() && (await statsOf(inside)) === undefined) {
      await makeFolder(aside);
      await rename(place, inside);
    }
    if ((await statsOf(inside)) !== undefined && (await statsOf(place)) === undefined) await rename(aside, place);
  });
}
