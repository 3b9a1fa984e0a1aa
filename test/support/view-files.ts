import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The bytes of every file of the views and previews, by path; of links, those of the file that they lead to. */
export async function viewFiles(out: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const view of ['coco', 'yolo', 'previews']) {
    for (const entry of await readdir(join(out, view), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isDirectory()) files[path.slice(out.length)] = await readFile(path, 'base64');
    }
  }
  return files;
}
