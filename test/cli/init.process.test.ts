import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadSettings, requireOntologySource } from '../../src/config/load.js';
import { ClassEntry, FullOntology } from '../../src/config/ontology/schema.js';
import { loadOntology } from '../../src/config/ontology/load-ontology.js';
import {
  EvalConfig,
  FileConfig,
  PromptsConfig,
  ReviewConfig,
  RunConfig,
  ServeConfig,
  TuneConfig,
  WorkerConfig,
} from '../../src/config/schema.js';
import { preannotate, SCENES } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary.js';

/** Where a key is in several, the last one counts. */
const SCHEMAS = [ReviewConfig, WorkerConfig, PromptsConfig, TuneConfig, EvalConfig, ServeConfig, RunConfig];
/** Refused together: each is tried without the other. */
const EXCLUSIVE_KEYS = ['queue', 'features'];
const CONFIG_KEYS = Object.keys(FileConfig.shape);
const ONTOLOGY_KEYS = [...Object.keys(FullOntology.shape), ...Object.keys(ClassEntry.shape)];

/** Runs `init` in a fresh folder, and gives what it wrote. */
async function started(...args: string[]) {
  const folder = await temporaryFolder();
  const result = await preannotate(['init', ...args], { cwd: folder });
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  return { folder, result, config: await read('preannotate.yaml'), ontology: await read('ontology.yaml') };
}

/** Reads both files as `run` does. */
async function load(folder: string) {
  const loaded = await loadSettings({ schema: RunConfig, flags: {}, environment: {}, cwd: folder });
  return { loaded, ontology: await loadOntology(requireOntologySource(loaded)) };
}

/** Takes the # away from every line that shows a key. */
function uncommented(text: string, keys: readonly string[]): string {
  return text.replaceAll(new RegExp(`^( *)# (?=(?:${keys.join('|')}): )`, 'gm'), '$1');
}

describe('a starter', () => {
  it('is written with what to do next, and loads: everything but the ontology is at its default', async () => {
    const { folder, result } = await started();
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(
      /^ontology\.yaml and preannotate\.yaml written to .*\n.*\n {2}preannotate run .*--model builtin:emoji/s,
    );
    const { loaded, ontology } = await load(folder);
    const given = Object.entries(loaded.given).filter(([, origin]) => origin !== 'default');
    expect(Object.fromEntries(given)).toEqual({ ontology: 'config', model: 'config' });
    expect(loaded.settings.model).toBe(RunConfig.parse({}).model);
    expect(ontology.spec.classes.map(({ name }) => name)).toEqual(['bottle', 'dog', 'car']);
  });

  it('shows every setting of the schema, and what it shows as a comment is the default', async () => {
    const { folder, config } = await started();
    for (const key of CONFIG_KEYS) expect(config, key).toMatch(new RegExp(`^(# )?${key}: |Also spelled ${key}$`, 'm'));
    const settingsOf = async () => {
      const request = { flags: {}, environment: {}, cwd: folder };
      const loaded = await Promise.all(SCHEMAS.map((schema) => loadSettings({ ...request, schema })));
      return {
        settings: Object.assign({}, ...loaded.map(({ settings }) => settings)) as Record<string, unknown>,
        given: Object.assign({}, ...loaded.map(({ given }) => given)) as Record<string, unknown>,
      };
    };
    const before = (await settingsOf()).settings;
    const seen = new Set<string>();
    for (const other of EXCLUSIVE_KEYS) {
      const keys = CONFIG_KEYS.filter((key) => key !== other);
      const all = uncommented(config, keys);
      await writeFile(join(folder, 'preannotate.yaml'), all);
      const loaded = await settingsOf();
      for (const line of all.split('\n').filter((one) => /^\w/.test(one))) {
        const name = line.split(':')[0]!;
        const key = name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
        if (!line.endsWith('# an example')) expect(loaded.settings[key], key).toEqual(before[key]);
        expect(loaded.given[key], key).toBe('config');
        seen.add(name);
      }
    }
    for (const key of EXCLUSIVE_KEYS) expect(seen, key).toContain(key);
  });

  it('its ontology shows every key there is, and each can be used', async () => {
    const { folder, ontology } = await started();
    for (const key of ONTOLOGY_KEYS) expect(ontology, key).toMatch(new RegExp(`^ *(# |- )?${key}:`, 'm'));
    await writeFile(join(folder, 'ontology.yaml'), uncommented(ontology, ONTOLOGY_KEYS));
    await mkdir(join(folder, 'photos'));
    await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'photos/a.jpg')); // what the example names
    const { spec } = (await load(folder)).ontology;
    expect(Object.keys(spec)).toEqual(['templates', 'canonical', 'threshold', 'classes', 'ignore']);
    expect(Object.keys(spec.classes[0]!)).toEqual(['name', 'id', 'prompts', 'examples', 'threshold']);
  });

  it('tells editors of schemas that are on this machine', async () => {
    const { config, ontology } = await started();
    for (const [text, title] of [
      [config, 'preannotate.yaml'],
      [ontology, 'preannotate ontology'],
    ] as const) {
      const [, url] = /^# yaml-language-server: \$schema=(file:.*)\n/.exec(text)!;
      expect(JSON.parse(await readFile(fileURLToPath(url!), 'utf8'))).toMatchObject({ title });
    }
  });

  it('runs as it is', async () => {
    const { folder } = await started('--model', 'builtin:emoji', '--quiet');
    await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'a.jpg'));
    const { code, stdout } = await preannotate(['run'], { cwd: folder });
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 of 1 image annotated') as string,
    });
    expect(await readdir(join(folder, 'annotations'))).toContain('coco');
  });
});

describe('its arguments', () => {
  it('classes, a model and a folder are taken over', async () => {
    const folder = await temporaryFolder();
    const args = [
      'init',
      'new/yard',
      '--class',
      'fork: lift=a forklift,"truck"',
      '--class',
      'person',
      '--model',
      './owl',
    ];
    const { code, stdout } = await preannotate([...args, '--json'], { cwd: folder });
    const yard = join(folder, 'new/yard');
    expect({ code, result: JSON.parse(stdout) as unknown }).toEqual({
      code: 0,
      result: {
        folder: yard,
        files: [join(yard, 'ontology.yaml'), join(yard, 'preannotate.yaml')],
        model: '../../owl',
        classes: ['fork: lift', 'person'],
      },
    });
    const { loaded, ontology } = await load(yard);
    expect(loaded.settings.model).toBe('../../owl');
    expect(ontology.spec.classes.map(({ prompts }) => prompts)).toEqual([['a forklift', '"truck"'], ['person']]);
  });

  it('--samples adds pictures, their classes and the built-in model, unless others are given', async () => {
    const folder = await temporaryFolder();
    const files = (name: string) =>
      ['scene-07', 'scene-08', 'scene-09'].map((s) => join(folder, name, `samples/${s}.jpg`));
    const plain = await preannotate(['init', 'a', '--samples', '--json'], { cwd: folder });
    expect(JSON.parse(plain.stdout)).toMatchObject({
      model: 'builtin:emoji',
      classes: expect.arrayContaining(['bottle', 'scissors']) as string[],
      files: expect.arrayContaining(files('a')) as string[],
    });
    const own = await preannotate(['init', 'b', '--samples', '--class', 'cup', '--model', 'org/owl', '--json'], {
      cwd: folder,
    });
    expect(JSON.parse(own.stdout)).toMatchObject({ model: 'org/owl', classes: ['cup'] });
    expect(await readFile(files('b')[0]!)).toEqual(await readFile(join(SCENES, 'scene-07.jpg')));
  });

  it('make it silent with --quiet, and print examples with --help', async () => {
    expect((await started('--quiet')).result).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const { stdout } = await preannotate(['init', '--help']);
    expect(stdout).toMatch(/Examples:\n {2}preannotate init/);
  });

  it.each([
    ['a class without a prompt', ['--class', 'a='], /class "a" has no prompts/],
    ['an unknown flag', ['--ontolgy', 'x'], /unknown option/i],
    ['no model', ['--model', ''], /--model is empty/],
  ])('%s is refused, and nothing is written', async (_, args, message) => {
    const folder = await temporaryFolder();
    const { code, stderr } = await preannotate(['init', ...args], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('what is there already', () => {
  it.each(['ontology.yaml', 'preannotate.yaml', 'preannotate.yml'])(
    '%s is left alone, and the rest not written',
    async (name) => {
      const folder = await temporaryFolder();
      await writeFile(join(folder, name), 'mine');
      const { code, stderr } = await preannotate(['init'], { cwd: folder });
      expect(code).toBe(2);
      expect(stderr).toContain(`${join(folder, name)} exists already; nothing was written.\nEdit the existing file`);
      expect(await readdir(folder)).toEqual([name]);
      expect(await readFile(join(folder, name), 'utf8')).toBe('mine');
    },
  );

  it('a sample picture too', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'samples'));
    await writeFile(join(folder, 'samples/scene-08.jpg'), 'mine');
    const { code, stderr } = await preannotate(['init', '--samples'], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain(`${join(folder, 'samples/scene-08.jpg')} exists already; nothing was written.`);
    expect(await readdir(folder, { recursive: true })).toEqual(['samples', 'samples/scene-08.jpg']);
  });

  it('a link to nowhere counts, and is not written through', async () => {
    const folder = await temporaryFolder();
    await symlink('nowhere', join(folder, 'preannotate.yaml'));
    expect(await preannotate(['init'], { cwd: folder })).toMatchObject({ code: 2 });
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
    expect(await readdir(folder)).toEqual(['preannotate.yaml']);
  });

  it('a file where the folder should be is named', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'yard'), '');
    const { code, stderr } = await preannotate(['init', 'yard'], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/yard.* cannot be written: a part of the path is a file/);
  });
});
