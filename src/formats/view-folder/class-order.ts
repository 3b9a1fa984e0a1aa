import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import type { Layout, View } from '../format.js';
import { NameList } from '../../core/name-list.js';
import { DiskState } from './disk-state.js';
import { pathInLayout } from './layout/layout.js';
import { ViewRecord } from './record/record.js';
import type { WrittenFile } from './record/record-lines.js';
import { entriesOf, isByProduct, resolveViewFolder } from './view-paths.js';

/**
 * Refuses another order of classes while a view holds edited files that number classes by their places: they would
 * get other names. New classes at the end change nothing.
 *
 * @param layout - Of the format; files may still be where an earlier version wrote them.
 * @throws PreannotateError OUTPUT_UNUSABLE naming the files and the first class that differs.
 */
export async function assertClassOrderKept(
  { outDir, overwriteEdited }: Pick<View, 'outDir' | 'overwriteEdited'>,
  classes: readonly string[],
  layout?: Layout,
): Promise<void> {
  if (overwriteEdited) return;
  const record = new ViewRecord(outDir);
  const before = (await record.header())?.classes ?? [];
  const index = before.findIndex((name, i) => name !== classes[i]);
  if (index === -1 || (await entriesOf(outDir)) === undefined) return;
  const edited = await listEdited(await resolveViewFolder(outDir), record, layout);
  if (edited.count === 0) return;
  const now = classes[index];
  throw new PreannotateError({
    code: 'OUTPUT_UNUSABLE',
    message:
      `${printable(outDir)} holds edited files that number classes by their places: ${edited.summary}. ` +
      `Class ${index} was ${quote(before[index]!)} and would be ${now === undefined ? 'none' : quote(now)} now.`,
    hint:
      'Keep the order of the classes (`id:` in the ontology sets it) and add new ones at the end, use another --out ' +
      'folder, or give --overwrite-edited, which moves the edited files to .preannotate/changed.',
  });
}

/** Text files that were edited, or put there. Those of an earlier layout may have been moved to this one. */
async function listEdited(root: string, record: ViewRecord, layout: Layout | undefined): Promise<NameList> {
  const written = new Map<string, WrittenFile[]>();
  const isEarlier = layout !== undefined && (await record.header())?.layout !== layout.subfolder;
  for await (const { files } of record.groups()) {
    for (const file of files) {
      const paths = isEarlier ? [file.path, pathInLayout(file.path, layout)] : [file.path];
      for (const path of new Set(paths)) written.set(path, [...(written.get(path) ?? []), file]);
    }
  }
  const disk = new DiskState(root);
  const edited = new NameList();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory() || isByProduct(entry.name) || !/\.(txt|yaml)$/i.test(entry.name)) continue;
    const path = relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, '/');
    if ((await disk.find(path, written.get(path) ?? [])).state === 'edited') edited.add(path);
  }
  return edited;
}

function quote(name: string): string {
  return `"${printable(name)}"`;
}
