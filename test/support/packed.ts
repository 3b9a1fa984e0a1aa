import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ROOT } from './model/golden.js';

/** What tests read of package.json. */
export interface Manifest {
  name: string;
  version: string;
  bin: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
  dependencies: Record<string, string>;
  devDependencies?: Record<string, string>;
  allowScripts: Record<string, boolean>;
  scripts: Record<string, string>;
}

const PACKED = ['package.json', 'npm-shrinkwrap.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'bin', '.ci', 'dist'];
const SHARED = ['ontologies', 'fixtures/deploy', 'fixtures/docs', 'fixtures/models/owlvit-emoji', 'fixtures/scenes'];

export const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as unknown;

/**
 * Packs a copy of the repository, because packing builds dist/ anew, which other tests run.
 *
 * @returns Where the archive is extracted; it is `preannotate.tgz` in the folder given.
 */
export async function packAndExtract(folder: string): Promise<string> {
  const copy = join(folder, 'copy');
  for (const name of [...PACKED, ...SHARED]) {
    await mkdir(dirname(join(copy, name)), { recursive: true });
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  }
  await mkdir(join(copy, 'node_modules'));
  const { scripts, ...manifest } = (await readJson(join(copy, 'package.json'))) as Manifest;
  const prepack = scripts['prepack']!.replace('node .ci/prepare.mjs && ', ''); // dist/ is there, and src/ is not
  const changed = { ...manifest, scripts: { ...scripts, prepack } };
  await writeFile(join(copy, 'package.json'), `${JSON.stringify(changed, null, 2)}\n`);
  execFileSync('npm', ['pack', '--silent'], { cwd: copy, stdio: 'pipe' });
  const archive = (await readdir(copy)).find((name) => name.endsWith('.tgz'))!;
  await rename(join(copy, archive), join(folder, 'preannotate.tgz'));
  execFileSync('tar', ['-xzf', 'preannotate.tgz'], { cwd: folder });
  return join(folder, 'package');
}
