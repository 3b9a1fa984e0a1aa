import { basename } from 'node:path';
import { printable } from '../../../core/text.js';
import type { NameList } from '../../../core/name-list.js';
import type { Layout } from '../../format.js';
import { listOthers } from './relocate.js';

/** What has become of the files of an earlier layout. @param outDir - Folder of the view. */
export function notesOnLayout(outDir: string, { trees, subfolder }: Layout, edited: NameList): string[] {
  const view = basename(outDir);
  const moved = `${view}/ has a new layout: the files of ${trees.join(', ')} are in folders named ${subfolder} now.`;
  const verb = edited.count === 1 ? 'has' : 'have';
  const kept = `In ${printable(outDir)}, files that were edited ${verb} moved with their images: ${edited.summary}.`;
  return [moved, ...(edited.count > 0 ? [kept] : [])];
}

/** Files of the user that stay where the earlier layout had files. @param root - Absolute folder of the view. */
export async function notesOnOthers(root: string, layout: Layout): Promise<string[]> {
  const others = await listOthers(root, layout);
  if (others.count === 0) return [];
  const folders = layout.trees.map((tree) => `${tree}/${layout.subfolder}`).join(', ');
  return [
    `Files in ${printable(root)} that you put there stay where they are: ${others.summary}. Move them to ${folders} ` +
      'to use them with the others.',
  ];
}
