import { dirname, join, posix } from 'node:path';
import { readLines } from '../../disk/lines.js';
import { METADATA } from '../../formats/huggingface/metadata.js';
import { findClassNames, listMetadata } from '../../formats/huggingface/read-huggingface.js';
import { README } from '../../formats/huggingface/readme.js';
import { isFields, textOf, type Fields } from '../../formats/reading/fields.js';
import { isImageName, listFilesBelow } from '../../formats/reading/image-names.js';
import { ownText } from '../../formats/reading/own-text.js';
import type { DataSetProbe } from '../../formats/reading/probe.js';
import type { FormatCheck } from '../check.js';
import type { Report } from '../findings.js';
import { checkMark, problemOfName } from './texts.js';

/** An `imagefolder` of `datasets`. */
export function huggingfaceCheck(): FormatCheck {
  return {
    files: async (probe, report) => {
      const names = await findClassNames(probe, probe.isFolder ? probe.path : dirname(probe.path));
      const lines = new LineChecks({ hasNames: names !== undefined }, report);
      for (const file of await filesOf(probe)) {
        await checkMark(file, report);
        for await (const { line, number } of readLines(file)) lines.take(line, { file, line: number });
      }
    },
    folders: async (probe, report) => {
      const files = await filesOf(probe);
      for (const file of files) await checkListed(file, files, report);
    },
  };
}

async function filesOf({ isFolder, path }: DataSetProbe): Promise<string[]> {
  return isFolder ? await listMetadata(path) : [path];
}

/** Compares lines with the first one. */
class LineChecks {
  readonly #report: Report;
  #keys: string | undefined; // of the first line
  #hasNames: boolean;

  constructor({ hasNames }: { hasNames: boolean }, report: Report) {
    this.#report = report;
    this.#hasNames = hasNames;
  }

  take(text: string, place: { readonly file: string; readonly line: number }): void {
    const fields = parse(text);
    if (fields === undefined) return; // for the reader to report
    const name = textOf(fields['file_name']);
    const problem = name === undefined ? undefined : problemOfName(name);
    if (problem !== undefined) this.#report({ rule: 'huggingface-outside', ...place, problem });
    const keys = keysOf(fields);
    this.#keys ??= keys;
    if (keys !== this.#keys)
      this.#report({ rule: 'huggingface-columns', ...place, problem: `has the keys ${keys}, not ${this.#keys}` });
    if (this.#hasNames || !hasNumbers(fields['objects'])) return;
    this.#hasNames = true; // once is enough
    const missing = `has numbers for categories, which no ${README} names`;
    this.#report({ rule: 'huggingface-classes', ...place, problem: missing });
  }
}

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function keysOf(fields: Fields): string {
  const keys = Object.entries(fields).map(([key, value]) =>
    isFields(value) ? `${key} { ${Object.keys(value).sort().join(', ')} }` : key,
  );
  return keys.sort().join(', ');
}

function hasNumbers(objects: unknown): boolean {
  const lists = isFields(objects) ? Object.entries(objects) : [];
  return lists.some(([key, list]) => /^categor|^label/.test(key) && Array.isArray(list) && typeof list[0] === 'number');
}

/** The images below a file of metadata, as far as no other file of metadata is nearer. */
async function checkListed(file: string, files: readonly string[], report: Report): Promise<void> {
  const folder = dirname(file);
  const listed = new Set<string>();
  for await (const { line } of readLines(file)) {
    const name = textOf(parse(line)?.['file_name']);
    if (name !== undefined) listed.add(ownText(posix.normalize(name)));
  }
  const nearer = files.map((other) => `${dirname(other)}/`).filter((other) => other.startsWith(`${folder}/`));
  for await (const name of listFilesBelow(folder)) {
    const path = join(folder, name);
    const isOthers = nearer.some((other) => other !== `${folder}/` && path.startsWith(other));
    if (!isImageName(name) || listed.has(name) || isOthers) continue;
    report({ rule: 'huggingface-unlisted', file: path, problem: `has no line in ${METADATA}` });
  }
}
