import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { readCheckpoint } from '../../src/model/read-checkpoint.js';
import { Detector } from '../../src/model/detector.js';
import { PRECISIONS, type Precision } from '../../src/core/precision.js';
import { prepareImageWeights } from '../../src/model/image-weights.js';
import { readSafetensorsIndex } from '../../src/model/checkpoint/safetensors.js';
import { FIXTURES, goldenCases, maxDifference, readTensors, tensorsOf } from '../support/model/golden.js';
import { runGolden } from '../support/model/golden-model.js';
import { temporaryFolder } from '../support/temporary.js';

/** Largest difference from the reference over all cases; README states what was measured. */
const LOGITS: Record<Precision, number> = { fp32: 1e-4, fp16: 0.01, int8: 0.3 };
const BOXES: Record<Precision, number> = { fp32: 1e-4, fp16: 0.001, int8: 0.05 };

const EMOJI = join(FIXTURES, 'models/owlvit-emoji');

const cache = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
vi.stubEnv('XDG_CACHE_HOME', cache); // these tests damage what is in it
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true });
});

describe.each(PRECISIONS)('the image encoder in %s', (precision) => {
  it('stays as close to the reference cases as README states', async () => {
    const logits: number[] = [];
    const boxes: number[] = [];
    for (const golden of goldenCases('forward')) {
      const tensor = tensorsOf(golden);
      const { outputs, columns } = await runGolden(golden, { precision });
      logits.push(maxDifference(columns(outputs.logits), tensor('logits').data));
      boxes.push(maxDifference(outputs.boxes, tensor('pred_boxes').data));
    }
    expect(Math.max(...logits)).toBeLessThan(LOGITS[precision]);
    expect(Math.max(...boxes)).toBeLessThan(BOXES[precision]);
  });

  it('finds the same in an image alone and among others', async () => {
    await using detector = await openEmoji(precision);
    const { data, shape } = readTensors(join(EMOJI, 'reference/reference.safetensors')).get('pixels')!;
    const [count, height, width] = shape as [number, number, number];
    const pixels = data as Uint8Array;
    const size = { width, height };
    const queries = queriesOfReference();
    const atOnce = Math.min(count, detector.imagesAtOnce); // 1 where neighbours would change the scale of 8-bit numbers
    const fill = <Value>(value: Value) => Array<Value>(atOnce).fill(value);
    const together = await detector.detect(
      pixels.subarray(0, (atOnce * pixels.length) / count),
      fill(size),
      fill(queries),
    );
    expect(together.flat().length).toBeGreaterThan(10);
    for (let image = 0; image < atOnce; image++) {
      const own = pixels.slice((image * pixels.length) / count, ((image + 1) * pixels.length) / count);
      expect((await detector.detect(own, [size], [queries]))[0]).toEqual(together[image]);
    }
  });
});

describe('8-bit weights', () => {
  it('do not depend on a channel that a LayerNorm blows up: its scale goes into the next layer first', async () => {
    const tiny = join(FIXTURES, 'models/owlvit-tiny');
    const outliers = await temporaryFolder();
    await cp(tiny, outliers, { recursive: true });
    const layer = 'owlvit.vision_model.encoder.layers.1';
    await scaleInputChannel(join(outliers, 'model.safetensors'), {
      norm: `${layer}.layer_norm2`,
      linear: `${layer}.mlp.fc1`,
      factor: 64, // a power of two, so that the function stays the same to the last bit
    });
    const [plain, scaled] = await Promise.all([tiny, outliers].map(eightBitFileOf));
    expect(scaled!.equals(plain!)).toBe(true);
  });

  it('are made once, and again when the file in the cache is damaged', async () => {
    const checkpoint = await readCheckpoint(join(FIXTURES, 'models/owlvit-tiny'));
    const make = () => prepareImageWeights({ checkpoint, key: 'damage' }, 'int8');
    const { weightsFolder, tensors } = (await make())!;
    const path = join(weightsFolder, [...tensors.values()][0]!.file);
    const bytes = await readFile(path);
    const written = await readdir(weightsFolder);
    await make();
    expect(await readdir(weightsFolder)).toEqual(written);
    const flipped = Buffer.from(bytes);
    flipped[flipped.length - 100]! ^= 1;
    await writeFile(path, flipped);
    await make();
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it('a checkpoint whose config.json is of another size is refused by the name of a tensor', async () => {
    const folder = await temporaryFolder();
    await cp(join(FIXTURES, 'models/owlvit-tiny'), folder, { recursive: true });
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, object>;
    config['vision_config'] = { ...config['vision_config'], intermediate_size: 192 };
    await writeFile(join(folder, 'config.json'), JSON.stringify(config));
    const checkpoint = await readCheckpoint(folder);
    await expect(prepareImageWeights({ checkpoint, key: 'mismatch' }, 'int8')).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(
        /layers\.0\.mlp\.fc1\.weight" has shape \[160,64\], which is not 12288 values/,
      ) as string,
    });
  });
});

async function eightBitFileOf(folder: string): Promise<Buffer> {
  const { weightsFolder, tensors } = (await prepareImageWeights(
    { checkpoint: await readCheckpoint(folder), key: folder },
    'int8',
  ))!;
  return readFile(join(weightsFolder, [...tensors.values()][0]!.file));
}

/** Lets a LayerNorm give one channel `factor` times as large, and the layer after it take it so. */
async function scaleInputChannel(path: string, where: { norm: string; linear: string; factor: number }): Promise<void> {
  const channel = 5;
  const { norm, linear, factor } = where;
  const tensors = await readSafetensorsIndex(path);
  const file = await readFile(path);
  const multiply = (name: string, index: number, by: number) => {
    const at = tensors.get(name)!.offset + index * 4;
    file.writeFloatLE(file.readFloatLE(at) * by, at);
  };
  multiply(`${norm}.weight`, channel, factor);
  multiply(`${norm}.bias`, channel, factor);
  const [outputs, inputs] = tensors.get(`${linear}.weight`)!.shape as [number, number];
  for (let output = 0; output < outputs; output++) multiply(`${linear}.weight`, output * inputs + channel, 1 / factor);
  await writeFile(path, file);
}

async function openEmoji(precision: Precision): Promise<Detector> {
  const checkpoint = await readCheckpoint(EMOJI);
  return Detector.open({
    ...{
      checkpoint,
      device: { provider: 'cpu' },
      threads: 1,
      scoreFloor: 0.05,
      maxDetections: 300,
      optimizer: 'onnxrt',
    },
    precision,
    imageWeights: await prepareImageWeights({ checkpoint, key: 'emoji' }, precision),
  });
}

function queriesOfReference() {
  const { data, shape } = readTensors(join(EMOJI, 'reference/reference.safetensors')).get('text_embeds')!;
  return { embeddings: data as Float32Array, classIds: Array.from({ length: shape[0]! }, (_, i) => i) };
}
