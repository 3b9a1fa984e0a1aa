import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadOntology } from '../../../src/config/ontology/load-ontology.js';
import { FIXTURES, ROOT } from '../../support/model/golden.js';

const FOLDER = join(ROOT, 'ontologies');
const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.yaml'));

/** Classes that COCO 2017 numbers around the gaps of its category ids. */
const COCO_LANDMARKS = {
  person: 1,
  'fire hydrant': 11,
  'stop sign': 13,
  giraffe: 25,
  backpack: 27,
  umbrella: 28,
  handbag: 31,
  bottle: 44,
  'wine glass': 46,
  bed: 65,
  'dining table': 67,
  toilet: 70,
  tv: 72,
  refrigerator: 82,
  book: 84,
  toothbrush: 90,
};
const COCO_GAPS = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83];

async function load(name: string) {
  return (await loadOntology({ file: join(FOLDER, name) })).spec;
}

async function readJson(...path: string[]): Promise<unknown> {
  return JSON.parse(await readFile(join(FIXTURES, ...path), 'utf8')) as unknown;
}

describe.each(files)('ontologies/%s', (name) => {
  it('is valid, and begins by naming its schema and its use', async () => {
    const { classes } = await load(name);
    expect(classes.length).toBeGreaterThan(0);
    const [first, second] = (await readFile(join(FOLDER, name), 'utf8')).split('\n');
    expect(first).toBe('# yaml-language-server: $schema=ontology.schema.json');
    expect(second).toContain(`--ontology ${name.replace('.yaml', '')}`);
  });
});

describe('ontologies/emoji.yaml', () => {
  it('has the classes and ids of the scenes', async () => {
    const { categories } = (await readJson('scenes/instances.json')) as { categories: { id: number; name: string }[] };
    const { classes } = await load('emoji.yaml');
    expect(classes.map(({ id, name }) => ({ id, name }))).toEqual(categories.map(({ id, name }) => ({ id, name })));
  });

  it('asks with the wording that the model card was measured with', async () => {
    const wordings = (await readJson('models/owlvit-emoji/prompts.json')) as Record<string, string[]>;
    const { classes, templates } = await load('emoji.yaml');
    expect(templates).toEqual([]);
    for (const { name, prompts } of classes) {
      expect(prompts).toEqual(wordings[name]!.filter((wording) => wording.startsWith('a photo of ')));
    }
  });

  it('uses a threshold that the model card advises', async () => {
    const { threshold } = await load('emoji.yaml');
    expect(threshold).toBeGreaterThanOrEqual(0.3);
    expect(threshold).toBeLessThanOrEqual(0.4);
  });
});

it('ontologies/coco.yaml has 80 classes under the category ids of COCO', async () => {
  const { classes } = await load('coco.yaml');
  const ids = Object.fromEntries(classes.map(({ name, id }) => [name, id]));
  expect(ids).toMatchObject(COCO_LANDMARKS);
  const expected = Array.from({ length: 90 }, (_, i) => i + 1).filter((id) => !COCO_GAPS.includes(id));
  expect(classes.map(({ id }) => id)).toEqual(expected);
});
