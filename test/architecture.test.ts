import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/** A file imports from its own folder or from a step further right, never back and never sideways. */
const STEPS = [
  ['cli', 'index.ts'],
  ['api'],
  ['pipeline.ts', 'dry-run.ts', 'merge.ts', 'rank-prompts.ts', 'server', 'doctor', 'bench', 'validation', 'statistics'],
  ['review', 'report', 'annotate-pending.ts'],
  ['feeds', 'jobs'],
  ['prepare.ts', 'run-views.ts', 'run-features.ts', 'run-manifest.ts'],
  ['assert-same-run.ts'],
  ['job.ts', 'views', 'data-set'],
  ['gallery'],
  ['queue', 'http'],
  ['workers', 'config'],
  ['model'],
  ['images', 'hub', 'features', 'run', 'formats', 'evaluation', 'progress'],
  ['onnx', 'disk', 'net'],
  ['page'],
  ['core'],
];

/**
 * The same for sub-folders; `.` stands for the files beside them, where those come first. The rule on cycles covers the
 * rest.
 */
const STEPS_WITHIN: Readonly<Record<string, readonly (readonly string[])[]>> = {
  config: [['ontology', 'options']],
  model: [['owl'], ['export', 'quantise'], ['checkpoint']],
  server: [['.'], ['compat', 'docs', 'page'], ['request'], ['admission']],
  queue: [['producer', 'worker'], ['.'], ['redis']],
  workers: [['child', 'chunks', 'measured', 'previews', 'queries'], ['devices']],
};

/** Packages that only worker processes may load: they are large, and they block or crash. */
const NATIVE = ['onnxruntime-node', 'sharp'];
const NATIVE_FILES = /^(images|model|onnx)\//;

/** A reader takes in no more at a glance. */
const MAX_FILES = 16;

interface Import {
  readonly from: string; // file below src
  readonly target: string; // as it is written
  readonly to: string; // file below src, where it is one of ours
  readonly typeOnly: boolean;
  readonly isDynamic: boolean; // loaded when it is needed
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => /\.tsx?$/.test(name));
const imports = files.flatMap(importsOf);
const ours = imports.filter(({ target }) => target.startsWith('.'));
const folders = new Set(files.map((file) => dirname(file)));

it('a file imports only from its own folder or a step further right', () => {
  const wrong = ours.filter(({ from, to }) => partOf(to) !== partOf(from) && stepOf(to) <= stepOf(from));
  expect(wrong.map(asText)).toEqual([]);
});

it.each(Object.entries(STEPS_WITHIN))('the sub-folders of src/%s import in one direction only', (folder, steps) => {
  const stepWithin = (name: string) => steps.findIndex((step) => step.includes(childOf(folder, name)));
  const wrong = ours.filter(({ from, to }) => {
    if (![from, to].every((name) => name.startsWith(`${folder}/`)) || childOf(folder, from) === childOf(folder, to)) {
      return false;
    }
    const [own, other] = [stepWithin(from), stepWithin(to)];
    return own !== -1 && other !== -1 && other <= own;
  });
  expect(wrong.map(asText)).toEqual([]);
});

it('core imports nothing, and only model, images and onnx load native libraries', () => {
  const packages = imports.filter(({ target }) => !target.startsWith('.'));
  expect(packages.filter(({ from }) => from.startsWith('core/')).map(asText)).toEqual([]);
  const natives = packages.filter(({ target }) => NATIVE.includes(target));
  expect(natives.length).toBeGreaterThan(0);
  expect(natives.filter(({ from }) => !NATIVE_FILES.test(from)).map(asText)).toEqual([]);
});

it.each([...folders])(
  'the files and sub-folders of src/%s do not import each other in a cycle, types included',
  (at) => {
    const prefix = at === '.' ? '' : `${at}/`;
    const edges = new Map<string, Set<string>>();
    for (const { from, to } of ours) {
      if (!from.startsWith(prefix) || !to.startsWith(prefix)) continue;
      const [a, b] = [from, to].map((name) => name.slice(prefix.length).split('/')[0]!) as [string, string];
      if (a !== b) edges.set(a, (edges.get(a) ?? new Set()).add(b));
    }
    expect(cycleIn(edges)).toEqual([]);
  },
);

it.each(['src', 'test'])('no folder of %s holds more than 16 files', (top) => {
  const entries = readdirSync(join(ROOT, top), { recursive: true, withFileTypes: true });
  const counts = new Map<string, number>();
  for (const entry of entries.filter((one) => one.isFile())) {
    counts.set(entry.parentPath, (counts.get(entry.parentPath) ?? 0) + 1);
  }
  const large = [...counts].filter(([, count]) => count > MAX_FILES);
  expect(large.map(([folder, count]) => `${relative(ROOT, folder)}: ${count}`)).toEqual([]);
});

it('the parent process reaches no native library, so that it stays small', () => {
  const { reached, packages } = loadedBy('cli/main.ts', imports);
  expect(reached.size).toBeGreaterThan(20);
  expect(packages.filter((name) => NATIVE.includes(name))).toEqual([]);
});

it('a program that imports the package loads its errors alone, and no native library later', () => {
  const atOnce = imports.filter(({ isDynamic }) => !isDynamic);
  const { reached, packages } = loadedBy('index.ts', atOnce);
  expect([[...reached].sort(), packages]).toEqual([['core/errors.ts', 'index.ts'], []]);
  expect(loadedBy('index.ts', imports).packages.filter((name) => NATIVE.includes(name))).toEqual([]);
});

it('BullMQ and ioredis are loaded only when a queue is used', () => {
  const libraries = imports.filter(({ target, typeOnly }) => ['bullmq', 'ioredis'].includes(target) && !typeOnly);
  expect(libraries.map(asText).sort()).toEqual([
    'queue/redis/library.ts imports bullmq',
    'queue/redis/library.ts imports ioredis',
  ]);
  expect(libraries.every(({ isDynamic }) => isDynamic)).toBe(true);
});

it('a run over local images loads no library for HTTP, which would take it 0.05 s', () => {
  const atOnce = imports.filter(({ isDynamic }) => !isDynamic);
  for (const start of ['cli/program.ts', 'cli/commands/run.ts', 'jobs/run-job.ts', 'pipeline.ts']) {
    const { reached, packages } = loadedBy(start, atOnce);
    expect(reached.size).toBeGreaterThan(10);
    expect(packages).not.toContain('undici');
  }
});

it('a worker loads no schemas, which would take it 0.07 s, before it is ready', () => {
  const atOnce = imports.filter(({ isDynamic }) => !isDynamic);
  const { reached, packages } = loadedBy('workers/child/worker.ts', atOnce);
  expect(reached.size).toBeGreaterThan(20);
  expect(packages).not.toContain('zod');
});

it('nothing imports the pages for browsers, and of the rest they import core alone', () => {
  const isOfPage = (name: string) => name.startsWith('page/');
  expect(files.filter(isOfPage).length).toBeGreaterThan(5);
  const between = ours.filter(({ from, to }) => isOfPage(to) !== isOfPage(from));
  expect(between.filter(({ from, to }) => !isOfPage(from) || !to.startsWith('core/')).map(asText)).toEqual([]);
  const libraries = new Set(
    imports.flatMap(({ from, target }) => (isOfPage(from) && /^[@\w]/.test(target) ? target : [])),
  );
  expect([...libraries].filter((name) => !/^(@preact\/signals|preact(\/hooks)?)$/.test(name))).toEqual([]);
});

function importsOf(from: string): Import[] {
  const text = readFileSync(join(SRC, from), 'utf8');
  const pattern =
    /(?:^|\n)(?:import|export)\s+(type\s)?[^;]*?from '([^']+)'|import\('([^']+)'\)|(?:^|\n)import '([^']+)'/g;
  return [...text.matchAll(pattern)].map((match) => {
    const target = (match[2] ?? match[3] ?? match[4])!;
    const path = resolve(SRC, dirname(from), target).replace(/\.js$/, '.ts');
    const existing = !existsSync(path) && existsSync(`${path}x`) ? `${path}x` : path;
    return {
      from,
      target,
      to: relative(SRC, existing).replaceAll('\\', '/'),
      typeOnly: match[1] !== undefined,
      isDynamic: match[3] !== undefined,
    };
  });
}

/** The files and packages that a file loads, directly or through others. */
function loadedBy(start: string, among: readonly Import[]): { reached: Set<string>; packages: string[] } {
  const reached = new Set<string>();
  const packages: string[] = [];
  const visit = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const { from, target, to, typeOnly } of among) {
      if (from !== file || typeOnly) continue;
      if (target.startsWith('.')) visit(to);
      else packages.push(target);
    }
  };
  visit(start);
  return { reached, packages };
}

/** The nodes of one cycle in the order of its edges; empty where there is none. */
function cycleIn(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string[] => {
    if (path.includes(node)) return path.slice(path.indexOf(node));
    if (done.has(node)) return [];
    path.push(node);
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle.length > 0) return cycle;
    }
    path.pop();
    done.add(node);
    return [];
  };
  for (const node of edges.keys()) {
    const cycle = visit(node);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

function asText({ from, target, to }: Import): string {
  return `${from} imports ${target.startsWith('.') ? to : target}`;
}

/** The folder under src, or the file itself. */
function partOf(name: string): string {
  return name.split('/')[0]!;
}

/** The sub-folder of `folder` that a file is in; `.` for a file of the folder itself. */
function childOf(folder: string, name: string): string {
  const rest = name.slice(folder.length + 1).split('/');
  return rest.length === 1 ? '.' : rest[0]!;
}

function stepOf(name: string): number {
  const step = STEPS.findIndex((parts) => parts.includes(partOf(name)));
  expect(step, `${name} is in no step of the architecture`).not.toBe(-1);
  return step;
}
