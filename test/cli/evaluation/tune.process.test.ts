import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preannotate, SCENES } from '../../support/cli.js';
import { ROOT } from '../../support/model/golden.js';

const TRUTH = join(SCENES, 'instances.json');

interface Tuned {
  readonly thresholds: readonly {
    classes: string[];
    outcome: string;
    objects: number;
    before: number;
    after: number;
    figures: { before: { f1: number }; after: { f1: number } };
    interval: [number, number] | null;
  }[];
  readonly changes?: readonly unknown[];
}

describe('thresholds chosen on the shipped scenes', () => {
  let folder: string;
  let out: string;
  let ontology: string;
  let original: string;
  const tune = (...args: string[]) => preannotate(['tune', out, '--truth', TRUTH, ...args]);

  afterAll(() => rm(folder, { recursive: true }));
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'preannotate-tune-'));
    out = join(folder, 'out');
    ontology = join(folder, 'emoji.yaml');
    await copyFile(join(ROOT, 'ontologies/emoji.yaml'), ontology);
    original = await readFile(ontology, 'utf8');
    const model = ['--model', 'builtin:emoji', '--ontology', ontology];
    expect((await preannotate(['run', SCENES, ...model, '--out', out])).code).toBe(0);
  });

  it('are kept where a class has fewer objects than --min-objects, which is reported', async () => {
    const { code, stdout, stderr } = await tune('--ontology', ontology);
    expect(code).toBe(0);
    expect(stdout).toContain('No class has enough objects.');
    expect(stdout).toContain('Too few objects to choose a threshold, which is kept: bottle (7)');
    expect(stderr).toContain('emoji.yaml stays as it is.');
  });

  it('are printed as a difference, and written only with --write, which keeps the old file', async () => {
    const asked = ['--ontology', ontology, '--min-objects', '3'];
    const { stdout } = await tune(...asked);
    expect(stdout).toContain('+   - { name: bottle, id: 1, prompts: [a photo of a bottle], threshold: ');
    expect(await readFile(ontology, 'utf8')).toBe(original);

    const file = join(folder, 'written.yaml');
    await copyFile(ontology, file);
    const { stderr } = await tune('--ontology', file, '--min-objects', '3', '--write');
    expect(stderr).toContain('written.yaml was changed; the old one is ');
    expect(await readFile(`${file}.bak`, 'utf8')).toBe(original);
    const written = await readFile(file, 'utf8');
    expect(written.split('\n')).toHaveLength(original.split('\n').length);
    const { classes } = parse(written) as { classes: { name: string; threshold?: number }[] };
    expect(classes.find(({ name }) => name === 'bottle')!.threshold).toBeLessThan(0.35);
    const json = JSON.parse((await tune('--ontology', file, '--min-objects', '3', '--json')).stdout) as Tuned;
    expect(json.thresholds.filter(({ outcome }) => outcome === 'tuned')).toEqual([]); // it is at the best already
  });

  it('improve F1 on these images, with the number of objects and an interval', async () => {
    const { stdout } = await tune('--min-objects', '3', '--shared', '--json');
    const tuned = (JSON.parse(stdout) as Tuned).thresholds.filter(({ outcome }) => outcome === 'tuned');
    expect(tuned.length).toBeGreaterThan(1);
    for (const { objects, figures, interval, after } of tuned) {
      expect(objects).toBeGreaterThanOrEqual(3);
      expect(figures.after.f1).toBeGreaterThan(figures.before.f1);
      expect(interval![0]).toBeLessThanOrEqual(after);
      expect(interval![1]).toBeGreaterThanOrEqual(after);
    }
    expect(tuned.some(({ classes }) => classes.length > 10)).toBe(true);
  });

  it('are printed as YAML without a file, for a run to use', async () => {
    const { stdout } = await tune('--min-objects', '3');
    const { threshold, classes } = parse(stdout) as { threshold: number; classes: { threshold?: number }[] };
    expect([threshold, classes.length]).toEqual([0.35, 87]);
    expect(classes.some((one) => one.threshold !== undefined)).toBe(true);
    await writeFile(join(folder, 'printed.yaml'), stdout);
    const applied = ['--ontology', join(folder, 'printed.yaml'), '--out', out, '--json'];
    const again = await preannotate(['run', SCENES, '--model', 'builtin:emoji', ...applied]);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).not.toContain('worker'); // the model is not needed
  });

  it('are printed as YAML beside a config file that names an ontology, which --write changes', async () => {
    await copyFile(ontology, join(folder, 'named.yaml'));
    await writeFile(join(folder, 'preannotate.yaml'), 'ontology: named.yaml\n');
    const asked = ['tune', out, '--truth', TRUTH, '--min-objects', '3'];
    const { stdout } = await preannotate(asked, { cwd: folder });
    expect(parse(stdout)).toMatchObject({ classes: expect.any(Array) as unknown });
    const { stderr } = await preannotate([...asked, '--write'], { cwd: folder });
    expect(stderr).toContain('named.yaml was changed; the old one is ');
  });

  it('have no place in a short form: it is printed in full form, and --write is refused', async () => {
    const short = join(folder, 'short.yaml');
    await writeFile(short, 'a photo of a bottle: bottle\n');
    const { stdout } = await tune('--ontology', short, '--min-objects', '3');
    expect((parse(stdout) as { classes: unknown[] }).classes.length).toBeGreaterThan(0);
    const { code, stderr } = await tune('--ontology', short, '--min-objects', '3', '--write');
    expect([code, stderr]).toEqual([2, expect.stringContaining('has no list of classes in full form')]);
    expect(await readFile(short, 'utf8')).toBe('a photo of a bottle: bottle\n');
  });

  it('are not written into an ontology of the package, or without a file', async () => {
    const shipped = await tune('--ontology', 'emoji', '--min-objects', '3', '--write');
    expect([shipped.code, shipped.stderr]).toEqual([2, expect.stringContaining('belongs to the package')]);
    expect((await tune('--write')).stderr).toContain('--write needs the file of the ontology.');
    const goal = await tune('--for', 'accuracy');
    expect([goal.code, goal.stderr]).toEqual([2, expect.stringContaining('must be f1, least-work, precision=')]);
  });
});
