import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './support/model/golden.js';
import { packAndExtract, readJson, type Manifest } from './support/packed.js';

interface Locked extends Partial<Manifest> {
  integrity?: string;
  dev?: boolean;
  optional?: boolean;
  optionalDependencies?: Record<string, string>;
  hasInstallScript?: boolean;
}

const EXACT = /^\d+\.\d+\.\d+(-[\w.-]+)?$/;

/** All that the package may hold. */
const CONTENT = [
  /^(package\.json|npm-shrinkwrap\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/preannotate\.js)$/,
  /^dist\/chunks\/([\w-]+\.js|LICENSES\.txt)$/,
  /^dist\/(cli\/main|workers\/child\/worker|workers\/devices\/probe-worker|workers\/previews\/preview-worker)\.js$/,
  /^dist\/index\.js$|^dist\/(index|api\/[\w-]+)\.d\.ts$/,
  /^dist\/page\/[\w.]+\.(js|css|txt)$/,
  /^ontologies\/[\w.]+\.(yaml|json)$/,
  /^fixtures\/docs\/[\w.-]+\.(md|png|json)$/,
  /^fixtures\/deploy\/(Dockerfile(\.dockerignore)?|((kubernetes|slurm)\/)?[\w-]+\.(yaml|yml|sbatch))$/,
  /^fixtures\/scenes\/scene-0[789]\.jpg$/,
  /^fixtures\/models\/owlvit-emoji\/(model\.safetensors|MODEL_CARD\.md|merges\.txt)$/,
  /^fixtures\/models\/owlvit-emoji\/\w*(config|tokenizer|vocab|special_tokens_map)\.json$/,
];
const NEEDED = [
  ...['dist/page/gallery.js', 'dist/page/gallery.css', 'dist/page/serve.js', 'dist/page/serve.css'],
  ...['ontologies/emoji.yaml', 'ontologies/config.schema.json', 'dist/chunks/LICENSES.txt', 'LICENSE'],
  ...['scene-07.jpg', 'scene-08.jpg', 'scene-09.jpg'].map((name) => `fixtures/scenes/${name}`),
];

let folder: string;
let packed: string; // what is in the archive
let manifest: Manifest;
let locked: Record<string, Locked>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-package-'));
  packed = await packAndExtract(folder);
  manifest = (await readJson(join(packed, 'package.json'))) as Manifest;
  const shrinkwrap = await readJson(join(packed, 'npm-shrinkwrap.json'));
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

  it('lists no tool of its developers, and no install script, which npm would install and run for users', () => {
    expect(Object.values(locked).filter(({ dev, hasInstallScript }) => dev || hasInstallScript)).toEqual([]);
    expect(locked['']!.devDependencies).toBeUndefined();
  });

  it('has no script that npm runs, or warns of, where it is installed', () => {
    const names = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare'];
    expect(Object.keys(manifest.scripts).filter((name) => names.includes(name))).toEqual([]);
  });

  it('holds what is needed, and nothing else', async () => {
    const files = await listFiles(packed);
    expect(files.filter((name) => !CONTENT.some((pattern) => pattern.test(name)))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining([...NEEDED, ...namedFiles(manifest)]));
    const bytes = (await stat(join(folder, 'preannotate.tgz'))).size;
    expect(bytes).toBeLessThan(4.5e6);
  });

  it('holds the pictures that its documentation shows', async () => {
    const files = await listFiles(packed);
    const pages = files.filter((name) => name.endsWith('.md'));
    const shown = await Promise.all(
      pages.map(async (page) => {
        const text = await readFile(join(packed, page), 'utf8');
        return [...text.matchAll(/!\[[^\]]*\]\(([^):]+)\)/g)].map(([, path]) => join(dirname(page), path!));
      }),
    );
    expect(shown.flat()).toContain('fixtures/docs/review-grid.png');
    expect(files).toEqual(expect.arrayContaining(shown.flat()));
  });

  it('has no page with a link to what it does not hold', async () => {
    const pages = (await listFiles(packed)).filter((name) => name.endsWith('.md'));
    const links = await Promise.all(
      pages.map(async (page) => {
        const text = await readFile(join(packed, page), 'utf8');
        const paths = [...text.matchAll(/\]\((?![a-z]+:)([^)#\s]+)/g)].map(([, path]) => path!);
        return paths.map((path) => ({ page, path, target: join(packed, dirname(page), path) }));
      }),
    );
    expect(links.flat().map(({ path }) => path)).toContain('../deploy/gitlab-ci.yml');
    const isOutside = ({ target }: { target: string }) => relative(packed, target).startsWith('..');
    const dead = links.flat().filter((link) => isOutside(link) || !existsSync(link.target));
    expect(dead.map(({ page, path }) => `${page}: ${path}`)).toEqual([]);
  });

  it('leaves the files of the repository as they were', async () => {
    const text = (base: string) => readFile(join(base, 'npm-shrinkwrap.json'), 'utf8');
    expect(await text(join(folder, 'copy'))).toBe(await text(ROOT));
    const { prepare } = ((await readJson(join(folder, 'copy/package.json'))) as Manifest).scripts;
    expect(prepare).toBe('node .ci/prepare.mjs');
  });

  it('is tried from any folder with its samples, where it is installed', async () => {
    const run = await install();
    const started = run('init', '--samples');
    expect(started).toContain('3 pictures to samples/');
    expect(run('run', 'samples')).toContain('3 of 3 images');
    expect(run('export', 'annotations', '--score-threshold', '0.5')).toContain('boxes in 3 images');
    expect(run('report', 'annotations')).toContain('report.html');
    expect(JSON.parse(run('doctor', '--model', 'builtin:emoji', '--json'))).toMatchObject({ ok: true });
    expect(run('serve', '--help')).toContain('Usage: preannotate serve');
    expect(run('--version').trim()).toBe(manifest.version);
  }, 120_000);
});

/** Files that the manifest names: commands, and the modules and types of the program interface. */
function namedFiles({ bin, exports: entries }: Manifest): string[] {
  const named = Object.values(entries).flatMap((entry) => (typeof entry === 'string' ? entry : Object.values(entry)));
  return [...Object.values(bin), ...named].map((path) => join(path));
}

async function listFiles(base: string): Promise<string[]> {
  const entries = await readdir(base, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => path.slice(base.length + 1)).sort();
}

/**
 * Installs the package as `npm install -g` does, with links to the libraries that it asks for.
 *
 * @returns Runs the command in another, empty folder, and gives its output.
 */
async function install(): Promise<(...args: string[]) => string> {
  const elsewhere = join(folder, 'elsewhere');
  await mkdir(elsewhere);
  for (const path of Object.keys(locked).filter((name) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(name))) {
    await mkdir(join(packed, dirname(path)), { recursive: true });
    await symlink(join(ROOT, path), join(packed, path));
  }
  const command = join(folder, 'command');
  await symlink(join(packed, manifest.bin['preannotate']!), command);
  const env = { ...process.env, GITHUB_ACTIONS: '', GITLAB_CI: '' };
  return (...args) =>
    execFileSync(process.execPath, [command, ...args], { cwd: elsewhere, env, encoding: 'utf8', stdio: 'pipe' });
}

it('the shrinkwrap of the repository agrees with package.json, and is its only lock file', async () => {
  const { packages } = (await readJson(join(ROOT, 'npm-shrinkwrap.json'))) as { packages: Record<string, Locked> };
  const { dependencies, devDependencies } = (await readJson(join(ROOT, 'package.json'))) as Manifest;
  expect(packages['']).toMatchObject({ dependencies, devDependencies });
  expect(await readdir(ROOT)).not.toContain('package-lock.json');
});

it('package.json decides about all install scripts of the repository, and npm has no unknown setting', async () => {
  const { packages } = (await readJson(join(ROOT, 'npm-shrinkwrap.json'))) as { packages: Record<string, Locked> };
  const { allowScripts } = (await readJson(join(ROOT, 'package.json'))) as Manifest;
  const scripted = Object.keys(packages).filter((path) => packages[path]!.hasInstallScript);
  expect(Object.keys(allowScripts)).toEqual(scripted.map((path) => path.replace(/^.*node_modules\//, '')).sort());
  expect(await readdir(ROOT)).not.toContain('.npmrc');
});
