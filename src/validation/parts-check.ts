import { join } from 'node:path';
import { systemCodeOf } from '../core/errors.js';
import { readLines } from '../disk/lines.js';
import { isFields, textOf } from '../formats/reading/fields.js';
import { readSplits } from '../run/split/splits-file.js';
import type { Report } from './findings.js';

const DUPLICATES = 'duplicates.jsonl';

/** Reports groups of images that look alike and were put into several parts before the link was seen. */
export async function checkParts(outDir: string, report: Report): Promise<void> {
  const splits = await readSplits(outDir);
  if (splits === undefined) return;
  const parts = new Map(splits.images.map(({ image, part }) => [image, part]));
  const file = join(outDir, DUPLICATES);
  try {
    for await (const { line, number } of readLines(file)) {
      const names = namesIn(line).filter((name) => parts.has(name));
      const [first] = names;
      const other = names.find((name) => parts.get(name) !== parts.get(first!));
      if (first === undefined || other === undefined) continue;
      const problem = `${first} is in ${parts.get(first)}, and looks like ${other} in ${parts.get(other)}`;
      report({ rule: 'alike-in-two-parts', file, line: number, problem });
    }
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error; // no images look alike
  }
}

function namesIn(line: string): string[] {
  try {
    const { images } = JSON.parse(line) as { images?: unknown };
    return (Array.isArray(images) ? images : []).flatMap((one) => (isFields(one) ? (textOf(one['image']) ?? []) : []));
  } catch {
    return []; // the next run writes the file again
  }
}
