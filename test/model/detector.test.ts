import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cxcywhToXyxy, type Cxcywh } from '../../src/core/box.js';
import { IGNORED } from '../../src/core/ontology.js';
import { readCheckpoint } from '../../src/model/read-checkpoint.js';
import { Detector } from '../../src/model/detector.js';
import { traitsOf } from '../../src/model/families.js';
import { FIXTURES, maxDifference, readTensors } from '../support/model/golden.js';
import { canLink } from '../support/system/links.js';
import { temporaryFolder } from '../support/temporary.js';

const EMOJI = join(FIXTURES, 'models/owlvit-emoji');
const reference = readTensors(join(EMOJI, 'reference/reference.safetensors'));
const data = (name: string) => reference.get(name)!.data as Float32Array;

const open = async (folder: string, more: Partial<Parameters<typeof Detector.open>[0]> = {}) =>
  Detector.open({
    checkpoint: await readCheckpoint(folder),
    device: { provider: 'cpu' },
    threads: 1,
    scoreFloor: 0.05,
    maxDetections: 300,
    precision: 'fp32',
    optimizer: 'onnxrt',
    ...more,
  });

describe('the built-in model', () => {
  const queryCount = reference.get('text_embeds')!.shape[0]!;
  const size = { width: 192, height: 192 };
  const imageBytes = 192 * 192 * 3;
  let detector: Detector;
  beforeAll(async () => {
    detector = await open(EMOJI);
  });
  afterAll(() => detector[Symbol.asyncDispose]());

  it('gives the reference text embeddings, whether token ids are padded or not', async () => {
    const padded = reference.get('input_ids')!;
    const rows = Array.from({ length: queryCount }, (_, i) => [...padded.data.slice(i * 16, i * 16 + 16)]);
    expect(maxDifference(await detector.encode(rows), data('text_embeds'))).toBeLessThan(1e-4);
    const bare = rows.map((ids) => ids.slice(0, ids.indexOf(1413) + 1));
    expect(maxDifference(await detector.encode(bare), data('text_embeds'))).toBeLessThan(1e-4);
  });

  it('gives every pair of patch and class above the floor, with the box and score of the reference', async () => {
    const classIds = Array.from({ length: queryCount }, (_, i) => i);
    const images = reference.get('pixels')!;
    const count = images.shape[0]!;
    const sizes = Array.from({ length: count }, () => size);
    const queries = { embeddings: data('text_embeds'), classIds };
    const found = await detector.detect(images.data as Uint8Array, sizes, Array<typeof queries>(count).fill(queries));
    for (let image = 0; image < count; image++) {
      const expected: { classId: number; score: number; box: readonly number[] }[] = [];
      for (let patch = 0; patch < 144; patch++) {
        const at = image * 144 + patch;
        const box = data('pred_boxes').slice(at * 4, at * 4 + 4) as unknown as Cxcywh;
        for (let classId = 0; classId < queryCount; classId++) {
          const score = 1 / (1 + Math.exp(-data('logits')[at * queryCount + classId]!));
          if (score > 0.0502) expected.push({ classId, score, box: cxcywhToXyxy(box, size) });
        }
      }
      const clear = found[image]!.filter(({ score }) => score > 0.0502);
      expect(clear.length).toBe(expected.length);
      for (const { classId, score, box } of expected) {
        const match = clear.find(
          (one) =>
            one.classId === classId &&
            Math.abs(one.score - score) < 1e-4 &&
            one.box.every((value, side) => Math.abs(value - Math.min(Math.max(box[side]!, 0), 192)) < 0.02),
        );
        expect(match, `class ${classId} with ${score}`).toBeDefined();
      }
    }
  });

  it('gives one detection a patch for several prompts of one class, with the prompt that won', async () => {
    const pixels = (reference.get('pixels')!.data as Uint8Array).slice(0, imageBytes);
    const embeddings = data('text_embeds');
    const [each, one] = [Array.from({ length: queryCount }, (_, i) => i), Array<number>(queryCount).fill(0)];
    const apart = await detector.detect(pixels, [size], [{ embeddings, classIds: each }]);
    const together = await detector.detect(pixels, [size], [{ embeddings, classIds: one }]);
    expect(together[0]!.length).toBeGreaterThan(0);
    expect(new Set(together[0]!.map(({ box }) => box.join())).size).toBe(together[0]!.length);
    for (const { queryId, score, box } of together[0]!) {
      const rivals = apart[0]!.filter((one) => one.box.join() === box.join());
      expect(rivals[0]).toMatchObject({ queryId, score }); // best first
    }
  });

  it('leaves out a patch that an ignored prompt wins, for every class', async () => {
    const pixels = (reference.get('pixels')!.data as Uint8Array).slice(0, imageBytes);
    const embeddings = data('text_embeds');
    const everything = Array.from({ length: queryCount }, (_, i) => i);
    const [all] = await detector.detect(pixels, [size], [{ embeddings, classIds: everything }]);
    const winner = all![0]!.queryId;
    const ignoring = everything.map((id) => (id === winner ? IGNORED : id));
    const [kept] = await detector.detect(pixels, [size], [{ embeddings, classIds: ignoring }]);
    const bestOf = new Map<string, number>();
    for (const { box, queryId } of all!) if (!bestOf.has(box.join())) bestOf.set(box.join(), queryId);
    expect(kept).toEqual(all!.filter(({ box }) => bestOf.get(box.join()) !== winner));
    expect(kept!.length).toBeLessThan(all!.length);
  });

  it('finds the same in an image alone and inside a batch', async () => {
    const pixels = reference.get('pixels')!.data as Uint8Array;
    const queries = { embeddings: data('text_embeds'), classIds: Array.from({ length: queryCount }, (_, i) => i) };
    const four = [queries, queries, queries, queries];
    const together = await detector.detect(pixels.slice(0, 4 * imageBytes), [size, size, size, size], four);
    for (let i = 0; i < 4; i++) {
      const [alone] = await detector.detect(pixels.slice(i * imageBytes, (i + 1) * imageBytes), [size], [queries]);
      expect(together[i]).toEqual(alone);
    }
  });
});

describe('OWLv2', () => {
  it('gives boxes in the frame of the padded square, clipped to the image', async () => {
    await using detector = await open(join(FIXTURES, 'models/owlv2-tiny'));
    const embeddings = await detector.encode([
      [852, 5, 853],
      [852, 9, 853],
    ]);
    const pixels = new Uint8Array(98 * 98 * 3).map((_, i) => (i * 7919) % 256);
    const queries = [{ embeddings, classIds: [0, 1] }];
    const [wide] = await detector.detect(pixels, [{ width: 400, height: 100 }], queries);
    const [square] = await detector.detect(pixels, [{ width: 400, height: 400 }], queries);
    expect(wide!.length).toBeGreaterThan(5);
    for (const { box, classId, score } of wide!) {
      expect(box[3]).toBeLessThanOrEqual(100);
      const same = square!.find((one) => one.classId === classId && one.score === score && one.box[0] === box[0]);
      expect(same).toBeDefined();
      expect(box[1]).toBe(same!.box[1]);
    }
  });
});

describe('the input size', () => {
  it.each([
    [undefined, { height: 96, width: 96 }],
    [
      { height: 100, width: 90 },
      { height: 96, width: 96 },
    ],
    [
      { height: 1080, width: 1920 },
      { height: 1088, width: 1920 },
    ],
    [
      { height: 3, width: 16 },
      { height: 16, width: 16 },
    ],
  ])('%o becomes whole patches: %o', async (requested, expected) => {
    expect(traitsOf(await readCheckpoint(join(FIXTURES, 'models/owlvit-tiny'))).inputSize(requested)).toEqual(expected);
  });
});

describe('checkpoint folders', () => {
  const tiny = join(FIXTURES, 'models/owlvit-tiny');
  const detections = async (folder: string) => {
    await using detector = await open(folder);
    const embeddings = await detector.encode([[1072, 5, 1073]]);
    const pixels = new Uint8Array(96 * 96 * 3).fill(90);
    return await detector.detect(pixels, [{ width: 96, height: 96 }], [{ embeddings, classIds: [0] }]);
  };

  it.skipIf(!canLink)(
    "in the layout of the Hub's cache, whose files are links, are read and not written to",
    async () => {
      const cache = await temporaryFolder();
      const [snapshot, blobs] = [join(cache, 'snapshots/abc'), join(cache, 'blobs')];
      await mkdir(snapshot, { recursive: true });
      await mkdir(blobs);
      for (const name of await readdir(tiny)) {
        await cp(join(tiny, name), join(blobs, `blob-of-${name}`));
        await symlink(`../../blobs/blob-of-${name}`, join(snapshot, name));
      }
      const before = await readdir(cache, { recursive: true });
      expect(await detections(snapshot)).toEqual(await detections(tiny));
      expect(await readdir(cache, { recursive: true })).toEqual(before);
    },
  );

  it('with sharded weights are read through their index', async () => {
    const folder = await temporaryFolder();
    await cp(tiny, folder, { recursive: true });
    await rename(join(folder, 'model.safetensors'), join(folder, 'model-00001-of-00001.safetensors'));
    const shards = { weight_map: { anything: 'model-00001-of-00001.safetensors' } };
    await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify(shards));
    expect(await detections(folder)).toEqual(await detections(tiny));
  });

  it.each<[string, (folder: string) => Promise<void>, RegExp]>([
    ['without weights', (folder) => rm(join(folder, 'model.safetensors')), /no model\.safetensors/],
    [
      'of an unknown family',
      (folder) => writeFile(join(folder, 'config.json'), '{"model_type": "clip"}'),
      /config\.json.*model_type/,
    ],
    ['whose configuration is cut short', (folder) => writeFile(join(folder, 'config.json'), '{'), /config\.json.*JSON/],
    [
      'whose weights are those of another one',
      (folder) => cp(join(FIXTURES, 'models/owlv2-tiny/model.safetensors'), join(folder, 'model.safetensors')),
      /no tensor "owlvit/,
    ],
    [
      'whose weights are cut short',
      async (folder) =>
        writeFile(
          join(folder, 'model.safetensors'),
          (await readFile(join(tiny, 'model.safetensors'))).subarray(0, 500_000),
        ),
      /model\.safetensors.*past the end/,
    ],
  ])('%s are refused, naming the file or folder', async (_what, damage, message) => {
    const folder = await mkdtemp(join(tmpdir(), 'preannotate-checkpoint-'));
    await cp(tiny, folder, { recursive: true });
    await damage(folder);
    await expect(detections(folder)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(message),
    });
    await rm(folder, { recursive: true });
  });
});
