import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './support/model/golden.js';

interface Manifest {
  name: string;
  version: string;
  dependencies: Record<string, string>;
  devDependencies?: Record<string, string>;
  scripts: Record<string, string>;
}

interface Locked extends Partial<Manifest> {
  integrity?: string;
  dev?: boolean;
  optional?: boolean;
  optionalDependencies?: Record<string, string>;
}

const EXACT = /^\d+\.\d+\.\d+(-[\w.-]+)?$/;
const PACKED = ['package.json', 'npm-shrinkwrap.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'bin', '.ci'];

const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as unknown;

let folder: string;
let manifest: Manifest;
let locked: Record<string, Locked>;

/** Packs a copy, because packing builds dist/ anew, which other tests run. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-package-'));
  for (const name of PACKED) await cp(join(ROOT, name), join(folder, name), { recursive: true });
  await mkdir(join(folder, 'node_modules'));
  manifest = (await readJson(join(folder, 'package.json'))) as Manifest;
  const { prepare: _, ...scripts } = manifest.scripts;
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, scripts }));
  execFileSync('npm', ['pack', '--silent'], { cwd: folder, stdio: 'pipe' });
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'))!;
  execFileSync('tar', ['-xzf', archive], { cwd: folder });
  const shrinkwrap = await readJson(join(folder, 'package/npm-shrinkwrap.json'));
  locked = (shrinkwrap as { packages: Record<string, Locked> }).packages;
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

describe.skipIf(process.platform === 'win32')('the packed package (needs npm and tar)', () => {
  it('has a shrinkwrap that agrees with its package.json, whose versions are exact', () => {
    const { name, version, dependencies } = manifest;
    expect(locked['']).toMatchObject({ name, version, dependencies });
    for (const [dependency, wanted] of Object.entries(dependencies)) {
      expect(wanted).toMatch(EXACT);
      expect(locked[`node_modules/${dependency}`]?.version).toBe(wanted);
    }
  });

  it('pins every package of the tree to a version and a hash, those of all platforms included', () => {
    const packages = Object.entries(locked).filter(([path]) => path !== '');
    for (const [path, { version, integrity }] of packages) {
      expect([path, version, integrity]).toEqual([
        path,
        expect.stringMatching(EXACT),
        expect.stringMatching(/^sha512-/),
      ]);
    }
    for (const [path, each] of Object.entries(locked)) {
      for (const name of Object.keys({ ...each.dependencies, ...each.optionalDependencies })) {
        expect(
          packages.some(([other]) => other.endsWith(`node_modules/${name}`)),
          `${name}, for ${path}`,
        ).toBe(true);
      }
    }
    for (const platform of ['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64', 'win32-x64']) {
      expect(locked[`node_modules/@img/sharp-${platform}`]).toMatchObject({ optional: true });
    }
  });

  it('lists no tool of its developers, which npm would install for users', () => {
    expect(Object.values(locked).filter(({ dev }) => dev)).toEqual([]);
    expect(locked['']!.devDependencies).toBeUndefined();
  });

  it('leaves the shrinkwrap of the repository as it was', async () => {
    const text = (base: string) => readFile(join(base, 'npm-shrinkwrap.json'), 'utf8');
    expect(await text(folder)).toBe(await text(ROOT));
  });
});

it('the shrinkwrap of the repository agrees with package.json, and is its only lock file', async () => {
  const { packages } = (await readJson(join(ROOT, 'npm-shrinkwrap.json'))) as { packages: Record<string, Locked> };
  const { dependencies, devDependencies } = (await readJson(join(ROOT, 'package.json'))) as Manifest;
  expect(packages['']).toMatchObject({ dependencies, devDependencies });
  expect(await readdir(ROOT)).not.toContain('package-lock.json');
});
