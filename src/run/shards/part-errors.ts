import { join } from 'node:path';
import { z } from 'zod';
import { compareUtf8 } from '../../core/text.js';
import { replaceFile } from '../../disk/atomic.js';
import { jsonError } from '../../disk/json.js';
import { readLines } from '../../disk/lines.js';
import { PreannotateError } from '../../core/errors.js';
import { ERRORS_FILE } from '../error-log.js';
import type { RunManifest } from '../manifest.js';

const Logged = z.object({ image: z.string() });

const REFUSAL = {
  code: 'JOURNAL_DAMAGED',
  hint: 'Run the same `preannotate run --shard` again: it tries the failed images again, and writes the file anew.',
} as const;

/** What failed in the last attempt at a part: the lines of errors.jsonl with their ends, and the images or folders. */
export type PartErrors = ReadonlyMap<string, string>;

/** @throws PreannotateError JOURNAL_DAMAGED naming the file, and the line that is none. */
export async function readErrors(folder: string, { counts }: RunManifest): Promise<PartErrors> {
  const errors = new Map<string, string>();
  if (counts.failed === 0) return errors;
  const path = join(folder, ERRORS_FILE);
  try {
    for await (const { line, number } of readLines(path)) errors.set(`${line}\n`, nameIn(line, `${path}:${number}`));
    return errors;
  } catch (error) {
    throw error instanceof PreannotateError ? error : jsonError(path, error, REFUSAL);
  }
}

function nameIn(line: string, where: string): string {
  try {
    return Logged.parse(JSON.parse(line)).image;
  } catch (error) {
    throw jsonError(where, error, REFUSAL);
  }
}

/** The lines of errors.jsonl: those of all parts, sorted, a folder that no part could list once. */
export function joinErrors(parts: readonly { readonly errors: PartErrors }[]): string[] {
  const lines = new Map(parts.flatMap(({ errors }) => [...errors]));
  return [...lines].sort(([, a], [, b]) => compareUtf8(a, b)).map(([line]) => line);
}

/** Whether errors.jsonl has exactly these lines. */
export async function hasErrors(outDir: string, lines: readonly string[]): Promise<boolean> {
  let count = 0;
  try {
    for await (const { line } of readLines(join(outDir, ERRORS_FILE))) {
      if (`${line}\n` !== lines[count++]) return false;
    }
  } catch {
    return false; // missing or damaged
  }
  return count === lines.length;
}

/** Replaces errors.jsonl. @param lines - With their ends. */
export async function replaceErrors(outDir: string, lines: readonly string[]): Promise<void> {
  await replaceFile(join(outDir, ERRORS_FILE), lines);
}
