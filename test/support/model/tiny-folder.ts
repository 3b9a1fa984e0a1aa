import { chmod, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { familyOf } from '../../../src/model/families.js';
import { findModel } from '../../../src/model/source.js';
import { temporaryFolder } from '../temporary.js';
import { FIXTURES } from './golden.js';

const TINY = join(FIXTURES, 'models/owlvit-tiny');

/** A copy of a tiny checkpoint that a test may damage, and that every user may read. */
export async function tinyFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await cp(TINY, folder, { recursive: true });
  await chmod(folder, 0o755);
  return folder;
}

/** Changes config.json; `path` leads to the value. */
export async function editConfig(folder: string, path: readonly string[], value: unknown): Promise<void> {
  const file = join(folder, 'config.json');
  const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  const parent = path.slice(0, -1).reduce((object, key) => object[key] as Record<string, unknown>, config);
  parent[path.at(-1)!] = value;
  await writeFile(file, JSON.stringify(config));
}

/** Finds a model and reads all that a run reads of it, apart from the values of its weights. */
export async function openModel(folder: string): Promise<void> {
  const watcher = { progress: () => {}, note: () => {} };
  const { checkpoint } = await findModel(folder, { precision: 'auto', watcher, variables: {} });
  await familyOf(checkpoint).openTokenizer(checkpoint);
}
