import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { journalled, preannotate, SCENES } from '../../support/cli.js';
import { shownIn } from '../../support/evaluation/truth.js';
import { TestServer } from '../../support/server.js';

const SCENE = join(SCENES, 'scene-01.jpg');
const PROMPTS = { glass: 'a wine glass', vessel: 'a photo of a wine glass', cup: 'a photo of a cup' };
const NAMES = Object.keys(PROMPTS);
const THRESHOLDS = [0.99, 0.06, 0.06];
const ONTOLOGY = JSON.stringify({
  threshold: 0.06,
  classes: Object.entries(PROMPTS).map(([name, prompt], i) => ({
    name,
    prompts: [prompt],
    ...(i === 0 ? { threshold: 0.99 } : {}),
  })),
});
const OPTIONS = ['--model', 'builtin:emoji', '--no-nms'];

interface Stored {
  readonly class: string;
  readonly score: number;
  readonly patch: number;
}

/** Class and score of a box, in the order of results. */
type Shown = readonly [name: string, score: number];

let folder: string;
let stored: readonly Stored[]; // in the journal
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-thresholds-'));
  await writeFile(join(folder, 'ontology.yaml'), ONTOLOGY);
  const args = ['--ontology', join(folder, 'ontology.yaml'), ...OPTIONS, '--out', join(folder, 'out')];
  expect(await preannotate(['run', SCENE, ...args])).toMatchObject({ code: 0 });
  const [line] = (await journalled(join(folder, 'out'))) as unknown as { detections: Stored[] }[];
  stored = line!.detections;
});
afterAll(() => rm(folder, { recursive: true }));

/** What each patch shows: the best of its classes that are above their threshold. */
function expectedWith(thresholds: readonly number[]): Shown[] {
  const shown: Shown[] = [];
  for (const patch of new Set(stored.map((one) => one.patch))) {
    const scores = NAMES.map((name) => stored.find((one) => one.patch === patch && one.class === name)?.score ?? 0);
    const passing = scores.map((score, i) => (score > thresholds[i]! ? score : -1));
    const best = Math.max(...passing);
    if (best > 0) shown.push([NAMES[passing.indexOf(best)]!, best]);
  }
  return shown.sort((a, b) => b[1] - a[1]);
}

async function shownByViews(): Promise<Shown[]> {
  const boxes = (await shownIn(join(folder, 'out'))).get('scene-01.jpg')!;
  return boxes.map(({ classId, score }): Shown => [NAMES[classId - 1]!, score]).sort((a, b) => b[1] - a[1]);
}

describe('a box whose best class fails its own threshold', () => {
  it('occurs in the picture, with another class that passes', () => {
    const best = expectedWith([0, 0, 0]);
    const lost = best.filter(([name, score]) => score <= THRESHOLDS[NAMES.indexOf(name)]!);
    expect(lost.length).toBeGreaterThan(0);
    expect(expectedWith(THRESHOLDS).length).toBeGreaterThan(best.length - lost.length);
  });

  it('is written by run under the class that passes', async () => {
    expect(await shownByViews()).toEqual(expectedWith(THRESHOLDS));
  });

  it('is written by export under the class that passes', async () => {
    await preannotate(['export', join(folder, 'out'), '--score-threshold', '0.2']);
    expect(await shownByViews()).toEqual(expectedWith([0.99, 0.2, 0.2]));
  });

  it('is returned by serve under the class that passes', async () => {
    await using server = await TestServer.ready({ args: OPTIONS.slice(2) });
    const form = new FormData();
    form.set('image', new Blob([await readFile(SCENE)]));
    form.set('ontology', ONTOLOGY);
    const response = await server.fetch('/predict', { method: 'POST', body: form });
    const { labels, scores } = (await response.json()) as { labels: string[]; scores: number[] };
    expect(labels.map((label, i): Shown => [label, scores[i]!])).toEqual(expectedWith(THRESHOLDS));
  });
});
