import { lstat, readdir, readFile, readlink, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { formatLine, parseLine } from '../../src/disk/checked-line.js';
import { fingerprintFile } from '../../src/formats/view-folder/record/fingerprint.js';

const TREES = ['images', 'labels', 'labels_conf'];

interface Group {
  readonly image?: string;
  readonly files: { path: string; is: { link?: string }; stamp?: string }[];
}

/**
 * Makes of a YOLO view what versions before `images/train` wrote: files directly in `images`, `labels` and
 * `labels_conf`, and a record without a layout.
 *
 * @param outDir - Folder of the view, not edited yet.
 */
export async function flattenYolo(outDir: string): Promise<void> {
  const recordPath = join(dirname(outDir), '.preannotate/views', `${basename(outDir)}.jsonl`);
  const [header, ...groups] = (await readFile(recordPath, 'utf8')).trimEnd().split('\n').map(parseLine);
  for (const tree of TREES) {
    const folder = join(outDir, tree, 'train');
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    await rename(folder, join(outDir, `${tree}-flat`)).catch(() => {});
    await rmdir(join(outDir, tree)).catch(() => {});
    await rename(join(outDir, `${tree}-flat`), join(outDir, tree)).catch(() => {});
    for (const name of names) await flattenLink(join(folder, name), join(outDir, tree, name));
  }
  const data = await readFile(join(outDir, 'data.yaml'), 'utf8').catch(() => undefined);
  if (data !== undefined) await writeFile(join(outDir, 'data.yaml'), data.replaceAll('images/train', 'images'));
  const { layout: _, ...older } = header as Record<string, unknown>;
  const lines = [older, ...(await Promise.all(groups.map((group) => flattenGroup(group as Group, outDir))))];
  await writeFile(recordPath, lines.map(formatLine).join(''));
}

/** A link is relative: it gets the text that it would have had here. */
async function flattenLink(from: string, to: string): Promise<void> {
  if (!(await lstat(to)).isSymbolicLink()) return;
  const target = resolve(dirname(from), await readlink(to));
  await rm(to);
  await symlink(relative(dirname(to), target), to);
}

async function flattenGroup({ files, ...group }: Group, outDir: string): Promise<object> {
  const flat = files.map(async ({ path, is, stamp: _ }) => {
    const flatPath = path.replace('/train/', '/');
    const place = join(outDir, flatPath);
    if (is.link !== undefined) return { path: flatPath, is: { link: await readlink(place) } };
    return { path: flatPath, is: path === 'data.yaml' ? await fingerprintFile(place) : is };
  });
  return { ...group, files: await Promise.all(flat) };
}
