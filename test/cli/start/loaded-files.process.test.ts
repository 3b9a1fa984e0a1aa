import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ROOT } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

/** Makes Node write the address of each module it loads to a file. */
const hooks = (list: string) => `
  import { appendFileSync } from 'node:fs';
  export async function load(url, context, next) {
    appendFileSync(${JSON.stringify(list)}, url + '\\n');
    return await next(url, context);
  }`;

/** The files of this package and of others that a command line loads. */
async function filesLoadedBy(...args: string[]): Promise<string[]> {
  const folder = await temporaryFolder();
  const list = join(folder, 'loaded.txt');
  await writeFile(join(folder, 'hooks.mjs'), hooks(list));
  const address = pathToFileURL(join(folder, 'hooks.mjs')).href;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(address)});`;
  const program = join(ROOT, 'bin/preannotate.js');
  const options = ['--import', `data:text/javascript,${encodeURIComponent(register)}`];
  await promisify(execFile)(process.execPath, [...options, program, ...args]);
  const loaded = (await readFile(list, 'utf8')).split('\n').filter((url) => url.startsWith('file:'));
  return loaded.map((url) => fileURLToPath(url));
}

/** Modules and libraries that were joined into a file of the build. */
async function partsOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  return [...text.matchAll(/^\/\/ ((?:node_modules|dist)\/.*)$/gm)].map((match) => match[1]!);
}

it.each(['--version', '--help', 'version'])(
  '%s loads a few files, and neither schemas nor what commands do',
  async (arg) => {
    const files = await filesLoadedBy(arg);
    expect(files.length).toBeLessThan(20);
    const parts = (await Promise.all(files.map(partsOf))).flat();
    expect(parts).toContain('dist/cli/program.js');
    expect(parts.filter((part) => /^dist\/(config|formats|cli\/commands|workers)\//.test(part))).toEqual([]);
    const packages = parts.flatMap((part) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(part)?.[1] ?? []);
    expect([...new Set(packages)].sort()).toEqual(['commander', 'fastest-levenshtein']);
  },
);

it('a command loads its own options and not those of the server', async () => {
  const parts = (await Promise.all((await filesLoadedBy('validate', '--help')).map(partsOf))).flat();
  expect(parts).toContain('dist/cli/commands/data-sets/validate.js');
  expect(parts.filter((part) => /^dist\/(server\/app|cli\/commands\/(run|serve)\.js)/.test(part))).toEqual([]);
});
