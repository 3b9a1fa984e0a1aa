import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sumWork, workLeftByClass } from '../../src/evaluation/drafts/work-left.js';
import { BUILTIN_AP50 } from '../../src/workers/measured/choose-placement.js';
import { toEvaluated } from '../support/evaluation/coco-file.js';
import { accuracyOf, type Coco } from '../support/evaluation/accuracy.js';
import { EMOJI, journalled, preannotate, SCENES, viewsOf, type Finished } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary.js';

const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as unknown;

describe('annotating the shipped scenes', () => {
  let out: string; // in fp32
  let finished: Finished;
  beforeAll(async () => {
    out = join(await mkdtemp(join(tmpdir(), 'preannotate-run-')), 'out');
    finished = await preannotate(['run', SCENES, ...EMOJI, '--out', out, '--preview', '2']);
  });
  afterAll(() => rm(join(out, '..'), { recursive: true }));

  it('leaves journal, errors, manifest, classes, COCO, YOLO and previews', async () => {
    const { code, stdout, stderr } = finished;
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining('48 of 48 images annotated in ') as string,
    });
    expect(stderr).toMatch(/cpu: \d+ workers? a device, \d+ threads? each/);
    expect(stderr).toMatch(/48 of 48 images \(100 %\), .* images\/s, 0 failed/);
    expect((await journalled(out)).length).toBe(48);
    expect(await readFile(join(out, 'errors.jsonl'), 'utf8')).toBe('');
    expect(await readJson(join(out, 'run.json'))).toMatchObject({
      status: 'done',
      counts: { found: 48, annotated: 48, failed: 0 },
      model: { reference: 'builtin:emoji', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    });
    expect(Object.keys((await readJson(join(out, 'classes.json'))) as object)).toHaveLength(87);
    expect(await readdir(join(out, 'previews'))).toEqual(['README.txt', 'index.html', 'scene-01.jpg', 'scene-02.jpg']);
    expect((await stat(join(out, 'previews/scene-01.jpg'))).size).toBeGreaterThan(5000);
    expect(await readdir(join(out, 'yolo/labels/train'))).toHaveLength(48);
    expect(stderr.match(/names images\/train for train and for val/g)).toHaveLength(1);
    expect((await preannotate(['export', out])).stderr).toBe(''); // which was noted once
    expect(existsSync(join(out, 'coco/instances.json'))).toBe(true);
  });

  it.each([
    ['fp32', 0.932],
    ['fp16', 0.932],
    ['int8', 0.929], // what fp32 reaches here
  ] as const)(
    "in %s its stored detections reach the mAP@0.5 of the model's card within 0.01, with NMS at 0.5",
    async (precision, card) => {
      const into = precision === 'fp32' ? out : join(await temporaryFolder(), 'out');
      if (precision !== 'fp32') {
        const { code } = await preannotate(['run', SCENES, ...EMOJI, '--out', into, '--precision', precision]);
        expect(code).toBe(0);
      }
      const { map50 } = await accuracyOf(into, SCENES);
      expect(Math.abs(map50 - card)).toBeLessThanOrEqual(0.01);
      const noted = precision === 'fp16' ? map50 : BUILTIN_AP50[precision]; // what runs say of it
      expect(Math.abs(map50 - noted)).toBeLessThanOrEqual(0.002);
      const truth = (await readJson(join(SCENES, 'instances.json'))) as Coco;
      const ours = (await readJson(join(into, 'coco/instances.json'))) as Coco;
      for (const { file_name: name, width, height } of truth.images) {
        expect(ours.images.find((image) => image.file_name === name)).toMatchObject({ width, height });
      }
      expect(ours.categories).toEqual(truth.categories.map(({ id, name }) => ({ id, name, supercategory: '' })));
    },
  );

  it('results.json is before NMS, as it says: AP50 is 0.904 as it is and 0.929 after NMS', async () => {
    const { info } = (await readJson(join(out, 'coco/instances.json'))) as {
      info: { provenance: { results: string } };
    };
    expect(info.provenance.results).toMatch(/before thresholds and non-maximum suppression \(NMS\).*apply NMS/);
    expect((await accuracyOf(out, SCENES, { isSuppressed: false })).map50).toBeCloseTo(0.904, 3);
    expect((await accuracyOf(out, SCENES)).map50).toBeCloseTo(0.929, 3);
  });

  it('does not go on in another precision: the journal would hold two kinds of scores', async () => {
    const out = join(await temporaryFolder(), 'out');
    const scene = join(SCENES, 'scene-01.jpg');
    expect((await preannotate(['run', scene, ...EMOJI, '--out', out])).code).toBe(0);
    const { code, stderr } = await preannotate(['run', scene, ...EMOJI, '--out', out, '--precision', 'int8']);
    expect(code).toBe(2);
    expect(stderr).toContain('precision was "fp32"; now it is "int8"');
  });

  it('int8 and a GPU contradict each other', async () => {
    const { code, stderr } = await preannotate(['run', SCENES, ...EMOJI, '--precision', 'int8', '--device', 'webgpu']);
    expect(code).toBe(2);
    expect(stderr).toContain('--precision is int8, which runs on a CPU only.');
  });

  it('shows mostly right boxes and finds most objects with the threshold of emoji.yaml', async () => {
    const truth = (await readJson(join(SCENES, 'instances.json'))) as Coco;
    const ours = (await readJson(join(out, 'coco/instances.json'))) as Coco;
    const nameOf = new Map(ours.images.map(({ id, file_name: name }) => [id, name]));
    const idOf = new Map(truth.images.map(({ id, file_name: name }) => [name, id]));
    const shown = ours.annotations.map((one) => ({ ...one, image_id: idOf.get(nameOf.get(one.image_id)!)! }));
    const { stay, adjust } = sumWork(workLeftByClass(toEvaluated(truth, shown)).values());
    const correct = stay + adjust;
    expect(correct / ours.annotations.length).toBeGreaterThan(0.8); // precision; the card has 0.83 at 0.3, 0.93 at 0.4
    expect(correct / truth.annotations.length).toBeGreaterThan(0.75); // recall; the card has 0.90 and 0.83
  });
});

describe('views do not depend on how the work was done', () => {
  it('1 or 2 workers, batches of 1 or 8, and a second run over a finished folder give the same bytes', async () => {
    const folder = await temporaryFolder();
    const views = [];
    for (const [i, options] of [
      ['--workers-per-device', '1', '--max-batch-size', '1'],
      ['--workers-per-device', '2', '--max-batch-size', '1'],
      ['--workers-per-device', '2', '--max-batch-size', '8'],
      ['--workers-per-device', '1', '--max-batch-size', '8', '--threads', '2'],
    ].entries()) {
      const out = join(folder, `out-${i}`);
      const args = ['run', SCENES, ...EMOJI, '--out', out, ...options];
      expect((await preannotate(args)).code).toBe(0);
      views.push(await viewsOf(out));
      if (i > 0) continue;
      const again = await preannotate(args);
      expect(again.stderr).not.toMatch(/worker/); // nothing was left to do, so none was started
      views.push(await viewsOf(out));
    }
    expect(Object.keys(views[0]!).length).toBeGreaterThan(90);
    for (const view of views) expect(view).toEqual(views[0]);
  });
});

describe('bad images', () => {
  it('are lines in errors.jsonl, damaged, mislabelled or foreign; others are annotated; the run exits 3', async () => {
    const folder = await temporaryFolder();
    const images = join(folder, 'images');
    await mkdir(images);
    await copyFile(join(SCENES, 'scene-01.jpg'), join(images, 'good.jpg'));
    await copyFile(join(SCENES, 'scene-10.png'), join(images, 'really-a-png.jpg'));
    await writeFile(join(images, 'cut.jpg'), (await readFile(join(SCENES, 'scene-02.jpg'))).subarray(0, 600));
    await writeFile(join(images, 'page.png'), '<!doctype html><title>404</title>');
    await writeFile(join(images, 'empty.jpg'), '');
    const out = join(folder, 'out');
    const { code, stderr } = await preannotate(['run', images, ...EMOJI, '--out', out]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/3 .*failed/);
    const errors = (await readFile(join(out, 'errors.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(errors).toHaveLength(3);
    expect(errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          image: 'cut.jpg',
          code: 'IMAGE_UNDECODABLE',
          message: expect.stringContaining('cut.jpg') as string,
        }),
        expect.objectContaining({
          image: 'page.png',
          code: 'IMAGE_UNSUPPORTED',
          message: expect.stringContaining('HTML') as string,
        }),
        expect.objectContaining({
          image: 'empty.jpg',
          code: 'IMAGE_UNSUPPORTED',
          message: expect.stringContaining('empty') as string,
        }),
      ]),
    );
    expect((await journalled(out)).map(({ image }) => image).sort()).toEqual(['good.jpg', 'really-a-png.jpg']);
    const { images: shown } = (await readJson(join(out, 'coco/instances.json'))) as Coco;
    expect(shown.map(({ file_name: name }) => name)).toEqual(['good.jpg', 'really-a-png.jpg']);

    expect(
      (await preannotate(['run', images, ...EMOJI, '--out', join(folder, 'out2'), '--max-errors', '3'])).code,
    ).toBe(0);
    expect(
      (await preannotate(['run', images, ...EMOJI, '--out', join(folder, 'out3'), '--max-errors', '60%'])).code,
    ).toBe(0);

    await copyFile(join(SCENES, 'scene-02.jpg'), join(images, 'cut.jpg')); // fixed: only failed images are tried again
    const again = await preannotate(['run', images, ...EMOJI, '--out', out]);
    expect(again.code).toBe(3);
    expect((await journalled(out)).length).toBe(3);
  });
});

describe('the output of a run', () => {
  it('is one JSON document on stdout with --json', async () => {
    const out = join(await temporaryFolder(), 'out');
    const { stdout, code } = await preannotate(['run', join(SCENES, 'scene-01.jpg'), ...EMOJI, '--out', out, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'done', counts: { annotated: 1 } });
  });

  it('is empty with --quiet when all went well', async () => {
    const out = join(await temporaryFolder(), 'out');
    const { stdout, stderr } = await preannotate([
      'run',
      join(SCENES, 'scene-01.jpg'),
      ...EMOJI,
      '--out',
      out,
      '--quiet',
    ]);
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  });

  it('is with --dry-run what would be done, and nothing is written', async () => {
    const out = join(await temporaryFolder(), 'out');
    const { stdout, code } = await preannotate(['run', SCENES, ...EMOJI, '--out', out, '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/48 images found under .*scenes, 0 already done, 48 to do\./);
    expect(existsSync(out)).toBe(false);
  });
});

describe('wrong use', () => {
  it.each([
    ['an unknown flag', ['run', SCENES, '--scoer-threshold', '0.5'], /--score-threshold/],
    ['an unknown command', ['annotate'], /annotate/],
    ['a folder that is not there', ['run', '/nowhere/images', ...EMOJI], /\/nowhere\/images/],
    ['a folder without images', ['run', join(SCENES, '../golden/cases'), ...EMOJI], /no images/],
    ['no ontology', ['run', SCENES, '--model', 'builtin:emoji'], /--ontology/],
    [
      'a model that is not there',
      ['run', SCENES, '--model', './no/such-model', '--class', 'dog'],
      /no\/such-model.*builtin:emoji/s,
    ],
    ['a threshold above 1', ['run', SCENES, ...EMOJI, '--score-threshold', '5'], /score-threshold/],
    ['a device that is not there', ['run', SCENES, ...EMOJI, '--device', 'cuda'], /cuda.*CUDA/s],
    [
      'a prompt that is too long',
      ['run', SCENES, '--model', 'builtin:emoji', '--class', `dog=${'very '.repeat(20)}old dog`],
      /tokens long, the model reads 16.*--allow-truncate/s,
    ],
  ])('such as %s ends with 2 and a hint', async (_what, args, message) => {
    const cwd = await temporaryFolder();
    const { code, stdout, stderr } = await preannotate(args, { cwd });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /); // no stack
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('is avoided with --help, which ends with 0 and shows an example for every command', async () => {
    const commands = [['--help'], ['run', '--help'], ['export', '--help']];
    for (const { code, stdout } of await Promise.all(commands.map((args) => preannotate(args)))) {
      expect(code).toBe(0);
      expect(stdout).toMatch(/Examples?:\n.*preannotate /s);
    }
  });
});
