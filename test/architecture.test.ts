import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/** A file imports from its own folder or from a step further right, never back and never sideways. */
const STEPS = [
  ['cli'],
  ['pipeline.ts', 'server', 'doctor'],
  ['prepare.ts'],
  ['job.ts', 'views.ts'],
  ['workers', 'config'],
  ['model'],
  ['images', 'hub', 'run', 'formats', 'evaluation', 'progress'],
  ['onnx', 'disk'],
  ['core'],
];

/** Packages that only worker processes may load: they are large, and they block or crash. */
const NATIVE = ['onnxruntime-node', 'sharp'];
const NATIVE_FILES = /^(images|model|onnx)\//;

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

describe.each(files)('src/%s', (file) => {
  const imports = importsOf(file);

  it('imports only from its own folder or a step further right', () => {
    const from = stepOf(file);
    for (const { target, path } of imports) {
      if (!target.startsWith('.')) continue;
      const name = relative(SRC, path);
      const own = partOf(name) === partOf(file);
      expect.soft(own || stepOf(name) > from, `${file} imports ${name}`).toBe(true);
    }
  });

  it('imports the packages that its folder may: core none, native ones only the model and image layers', () => {
    const packages = imports.filter(({ target }) => !target.startsWith('.')).map(({ target }) => target);
    if (file.startsWith('core/')) expect(packages).toEqual([]);
    if (!NATIVE_FILES.test(file)) expect(packages.filter((name) => NATIVE.includes(name))).toEqual([]);
  });
});

it('the parent process reaches no native library, so that it stays small', () => {
  const reached = new Set<string>();
  const visit = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const { target, path, typeOnly } of importsOf(file)) {
      if (typeOnly) continue;
      expect(NATIVE, `${file} is loaded by the parent`).not.toContain(target);
      if (target.startsWith('.')) visit(relative(SRC, path));
    }
  };
  visit('cli/main.ts');
  expect(reached.size).toBeGreaterThan(20);
});

it('the page for browsers and the server share no module: they run in different places', () => {
  const isOfPage = (name: string) => name.startsWith('server/page/client/');
  expect(files.filter(isOfPage).length).toBeGreaterThan(5);
  for (const file of files) {
    for (const { target, path } of importsOf(file)) {
      const name = target.startsWith('.') ? relative(SRC, path) : target;
      expect.soft(isOfPage(name), `${file} imports ${name}`).toBe(isOfPage(file));
      if (!isOfPage(file)) continue;
      expect.soft(target, `${file} is loaded by browsers as it is`).toMatch(/^\.\/[\w-]+\.js$/);
    }
  }
});

function importsOf(file: string): { target: string; path: string; typeOnly: boolean }[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const pattern =
    /(?:^|\n)(?:import|export)\s+(type\s)?[^;]*?from '([^']+)'|import\('([^']+)'\)|(?:^|\n)import '([^']+)'/g;
  return [...text.matchAll(pattern)].map((match) => {
    const target = (match[2] ?? match[3] ?? match[4])!;
    const path = resolve(SRC, dirname(file), target).replace(/\.js$/, '.ts');
    return { target, path, typeOnly: match[1] !== undefined };
  });
}

/** The folder under src, or the file itself. */
function partOf(name: string): string {
  return name.split('/')[0]!;
}

function stepOf(name: string): number {
  const step = STEPS.findIndex((parts) => parts.includes(partOf(name)));
  expect(step, `${name} is in no step of the architecture`).not.toBe(-1);
  return step;
}
