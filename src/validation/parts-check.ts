import { join } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { displayPath } from '../disk/display-path.js';
import { readLines } from '../disk/lines.js';
import { describeReadError } from '../disk/readable-file.js';
import { NotAFile } from '../disk/regular-file.js';
import { isFields, textOf } from '../formats/reading/fields.js';
import { openRun } from '../run/open-run.js';
import { readSplits } from '../run/split/splits-file.js';
import type { Mistake, Report } from './findings.js';

const [SPLITS, DUPLICATES] = ['splits.json', 'duplicates.jsonl'];

/**
 * Reports groups of images that look alike and are in several parts, in a run that is divided now: `splits.json` stays
 * when it is no longer. What cannot be read is reported too.
 */
export async function checkParts(outDir: string, report: Report): Promise<void> {
  const parts = await readParts(outDir, report);
  if (parts === undefined) return;
  const file = join(outDir, DUPLICATES);
  try {
    for await (const { line, number } of readLines(file)) {
      const names = namesIn(line).filter((name) => parts.has(name));
      const [first] = names;
      const other = names.find((name) => parts.get(name) !== parts.get(first!));
      if (first === undefined || other === undefined) continue;
      const problem = `${first} is in ${parts.get(first)}, and looks like ${other} in ${parts.get(other)}`;
      report({ rule: 'alike-in-two-parts', file, line: number, problem, fix: fixFor(outDir) });
    }
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return; // no images look alike
    if (systemCodeOf(error) === undefined && !(error instanceof NotAFile)) throw error;
    const problem = `cannot be read: ${describeReadError(error)}`;
    const fix = 'Make it readable, or remove it: the same `preannotate run` writes it again.';
    report({ rule: 'file-unreadable', file, problem, fix });
  }
}

/** The part of each image; undefined where the run is not divided. */
async function readParts(outDir: string, report: Report): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const splits = await readSplits(outDir);
    if (splits === undefined) return undefined;
    const { scope } = await openRun(outDir);
    return scope.split && new Map(splits.images.map(({ image, part }) => [image, part]));
  } catch (error) {
    if (!(error instanceof PreannotateError)) throw error;
    report(toMistake(outDir, error));
    return undefined;
  }
}

/** Its message begins with the path of a file. */
function toMistake(outDir: string, { message, hint }: PreannotateError): Mistake {
  const named = [SPLITS, 'run.json'].map((name) => join(outDir, name));
  const file = named.find((path) => message.startsWith(`${printable(path)} `)) ?? outDir;
  const problem = message.replace(`${printable(file)} `, '').replace(/\.$/, '');
  return { rule: 'file-unreadable', file, problem, fix: hint };
}

/** Parts are kept otherwise, and other rules than `near` put images that look alike where they were. */
function fixFor(outDir: string): string {
  const command = `preannotate export ${printable(displayPath(outDir))} --split-by near --reassign`;
  return `\`${command}\` divides all images anew; or remove one of them.`;
}

function namesIn(line: string): string[] {
  try {
    const { images } = JSON.parse(line) as { images?: unknown };
    return (Array.isArray(images) ? images : []).flatMap((one) => (isFields(one) ? (textOf(one['image']) ?? []) : []));
  } catch {
    return []; // the next run writes the file again
  }
}
