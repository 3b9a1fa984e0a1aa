import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { iou } from '../../../src/core/box.js';
import { preannotate, SCENES } from '../../support/cli.js';
import { shownIn } from '../../support/evaluation/truth.js';
import { sceneObjects, type SceneObject } from '../../support/evaluation/scene-objects.js';
import { temporaryFolder } from '../../support/temporary.js';
import { TestServer } from '../../support/server.js';

const [SHOWN_BY_PROMPT, SHOWN_BY_EXAMPLE] = [1, 2]; // ids of classes
const OPTIONS = ['--score-threshold', '0.06'];

let folder: string;
let ontology: string; // of any objects by prompts, and of one by an example
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-nms-'));
  ontology = join(folder, 'ontology.yaml');
  const [{ scene, box }] = sceneObjects() as [SceneObject];
  const names = new Set(sceneObjects().map(({ name }) => name));
  const classes = [
    { name: 'by prompt', prompts: [...names].map((name) => `a photo of a ${name}`) },
    { name: 'by example', examples: [{ image: join(SCENES, scene), box }] },
  ];
  await writeFile(ontology, JSON.stringify({ classes }));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...options: string[]): Promise<string> {
  const out = join(await temporaryFolder(), 'out');
  const images = [join(SCENES, '*.jpg'), '--model', 'builtin:emoji', '--ontology', ontology];
  expect(await preannotate(['run', ...images, ...OPTIONS, ...options, '--out', out])).toMatchObject({ code: 0 });
  return out;
}

/** The largest IoU of two boxes of a class in one image. */
async function largestOverlap(out: string, ofClass: number): Promise<number> {
  let largest = 0;
  for (const boxes of (await shownIn(out)).values()) {
    const own = boxes.filter(({ classId }) => classId === ofClass);
    own.forEach((a, i) => own.slice(i + 1).forEach((b) => (largest = Math.max(largest, iou(a.box, b.box)))));
  }
  return largest;
}

/** The limit that the boxes of each class keep to, and exceed the next lower one. */
async function limitsSeen(out: string): Promise<number[]> {
  const limits = [0.3, 0.5, 1];
  const overlaps = [await largestOverlap(out, SHOWN_BY_PROMPT), await largestOverlap(out, SHOWN_BY_EXAMPLE)];
  return overlaps.map((overlap) => limits.find((limit) => overlap <= limit)!);
}

const selectionIn = async (out: string) =>
  (JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as { selection: Record<string, unknown> }).selection;

describe('boxes of a class', () => {
  it('overlap by up to 0.5, those of a class with examples by up to 0.3', async () => {
    const out = await run();
    expect(await limitsSeen(out)).toEqual([0.5, 0.3]);
    const selection = await selectionIn(out);
    expect(selection).not.toHaveProperty('nms_iou');
    expect(selection).toMatchObject({ nms_ious: { 'by prompt': 0.5, 'by example': 0.3 } });
    const { stdout } = await preannotate(['export', out, '--verbose']);
    expect(stdout).toContain('IoU limits: by prompt 0.5, by example 0.3\n');
    expect(await limitsSeen(out)).toEqual([0.5, 0.3]);
  });

  it('overlap by up to a stated nms_iou, whatever finds the class, also after an export without it', async () => {
    const out = await run('--nms-iou', '0.5');
    expect(await limitsSeen(out)).toEqual([0.5, 0.5]);
    expect(await selectionIn(out)).toMatchObject({ nms_iou: 0.5 }); // as earlier versions stored it
    await preannotate(['export', out]);
    expect(await limitsSeen(out)).toEqual([0.5, 0.5]);
    await preannotate(['export', out, '--nms']);
    expect(await limitsSeen(out)).toEqual([0.5, 0.3]);
    await preannotate(['export', out, '--no-nms']);
    expect(await limitsSeen(out)).toEqual([1, 1]);
  });

  it('are limited in the same way by serve, and /info has the limit of each class', async () => {
    await using server = await TestServer.ready({ args: ['--ontology', ontology, ...OPTIONS] });
    const info = (await (await server.fetch('/info')).json()) as { nms_iou: number; classes: { nms_iou: number }[] };
    expect([info.nms_iou, ...info.classes.map((one) => one.nms_iou)]).toEqual([0.5, 0.5, 0.3]);
  });
});
