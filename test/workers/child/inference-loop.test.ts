import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ImageOutcome, ImageSource } from '../../../src/core/image.js';
import { IGNORED } from '../../../src/core/ontology.js';
import type { TileOptions } from '../../../src/core/tiling/tiles.js';
import { openResizer } from '../../../src/images/resize/resizer.js';
import { readCheckpoint } from '../../../src/model/read-checkpoint.js';
import { Detector } from '../../../src/model/detector.js';
import type { QueryBank } from '../../../src/model/query-groups.js';
import { InferenceLoop } from '../../../src/workers/child/inference-loop.js';
import { ImagePreparer } from '../../../src/workers/child/image-preparer.js';
import type { FromWorker } from '../../../src/workers/protocol.js';
import { SCENES } from '../../support/cli.js';
import { FIXTURES, readTensors } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

const EMOJI = join(FIXTURES, 'models/owlvit-emoji');
const embeddings = readTensors(join(EMOJI, 'reference/reference.safetensors')).get('text_embeds')!;
const WIDTH = embeddings.shape[1]!;
const queries = (): QueryBank => ({
  embeddings: embeddings.data as Float32Array,
  classIds: Array.from({ length: embeddings.shape[0]! }, (_, i) => i),
});
/** Images with the same queries for all of them. */
const asking = (bank: QueryBank, images: readonly ImageSource[]) => images.map((source) => ({ source, queries: bank }));
/** Four tiles and the whole image, for the pictures of 400 x 300 below. */
const FIVE_VIEWS: TileOptions = { height: 200, width: 250, overlap: 0.2, fullImage: true };
const MODEL = {
  device: { provider: 'cpu' },
  threads: 1,
  scoreFloor: 0.05,
  maxDetections: 300,
  optimizer: 'onnxrt',
  precision: 'fp32',
} as const;

let detector: Detector;
beforeAll(async () => {
  detector = await Detector.open({ checkpoint: await readCheckpoint(EMOJI), ...MODEL });
});
afterAll(() => detector[Symbol.asyncDispose]());

/** A loop of the real model, with the sizes of its batches and its answers by chunk. */
function loopWith(folder: string, options: { tiles?: TileOptions; maxBatchSize: number }) {
  const { inputSize } = detector;
  const limits = { maxPixels: 1e8, maxBytes: 1e8, strictImages: false };
  const settings = { ...MODEL, ...limits, ...options, folder };
  const resizer = openResizer(detector.fit, inputSize);
  const preparer = new ImagePreparer({ resizer, inputSize, settings });
  const detect = vi.spyOn(detector, 'detect');
  onTestFinished(async () => {
    detect.mockRestore();
    await resizer[Symbol.asyncDispose]();
  });
  const answers = new Map<number, readonly ImageOutcome[]>();
  const passes: number[] = [];
  let heartbeats = 0;
  let check = () => {};
  const send = (message: FromWorker) => {
    if (message.type === 'heartbeat') heartbeats++;
    if (message.type === 'detected') {
      answers.set(message.id, message.outcomes);
      passes.push(...message.passes);
    }
    check();
  };
  const loop = new InferenceLoop({ detector, preparer, settings, send });
  const answered = (count: number) =>
    new Promise<void>((resolve) => (check = () => (answers.size === count ? resolve() : undefined)));
  return {
    loop,
    answers,
    answered,
    batches: () => detect.mock.calls.map(([, sizes]) => sizes.length),
    heartbeats: () => heartbeats,
    passes,
  };
}

async function pictures(count: number) {
  const folder = await temporaryFolder();
  const images = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const name = `${i}.png`;
      const scene = sharp(join(SCENES, `scene-0${i + 1}.jpg`)).autoOrient();
      await scene.resize(400, 300, { fit: 'fill' }).toFile(join(folder, name));
      return { name };
    }),
  );
  return { folder, images };
}

describe('batches', () => {
  it('are shared by the tiles of several images, including those that came later', async () => {
    const { folder, images } = await pictures(6);
    const bank = queries();
    const { loop, answers, answered, batches, passes, heartbeats } = loopWith(folder, {
      tiles: FIVE_VIEWS,
      maxBatchSize: 4,
    });
    const done = answered(2);
    loop.add({ id: 0, images: asking(bank, images.slice(0, 3)) });
    loop.add({ id: 1, images: asking(bank, images.slice(3)) });
    await done;
    expect(batches()).toEqual([4, 4, 4, 4, 4, 4, 4, 2]); // 6 images of 5 crops
    expect(passes).toEqual(batches()); // as reported with the chunks
    expect(heartbeats()).toBe(6 + 8); // one for each image decoded and each batch computed
    const names = [...answers.values()].map((outcomes) => outcomes.map((one) => (one.ok ? one.result.name : '')));
    expect(names).toEqual([
      ['0.png', '1.png', '2.png'],
      ['3.png', '4.png', '5.png'],
    ]);
  });

  it('of any size give the same detections', async () => {
    const { folder, images } = await pictures(3);
    const found = [];
    for (const maxBatchSize of [1, 4, 64]) {
      const { loop, answers, answered } = loopWith(folder, { tiles: FIVE_VIEWS, maxBatchSize });
      const done = answered(1);
      loop.add({ id: 0, images: asking(queries(), images) });
      await done;
      found.push(answers.get(0));
    }
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
    expect(found[0]!.every((one) => one.ok && one.result.detections.length > 0)).toBe(true);
  });

  it('are shared by images with different queries and of several chunks, with the results of each alone', async () => {
    const { folder, images } = await pictures(4);
    const all = queries();
    const few = { embeddings: all.embeddings.slice(0, 3 * WIDTH), classIds: [1, IGNORED, 0] };
    const orders = images.map((source, i) => ({ source, queries: i % 2 === 0 ? all : few }));
    const alone: ImageOutcome[] = [];
    for (const order of orders) {
      const { loop, answers, answered } = loopWith(folder, { tiles: FIVE_VIEWS, maxBatchSize: 64 });
      const done = answered(1);
      loop.add({ id: 0, images: [order] });
      await done;
      alone.push(...answers.get(0)!);
    }
    const { loop, answers, answered, batches } = loopWith(folder, { tiles: FIVE_VIEWS, maxBatchSize: 64 });
    const done = answered(2);
    loop.add({ id: 0, images: orders.slice(0, 3) });
    loop.add({ id: 1, images: orders.slice(3) });
    await done;
    expect(batches().slice(orders.length)).toEqual([20]); // 4 images of 5 crops
    expect([...answers.get(0)!, ...answers.get(1)!]).toEqual(alone);
    const [first, second] = alone.map((one) => (one.ok ? one.result.detections : []));
    expect(Math.max(...first!.map(({ classId }) => classId))).toBeGreaterThan(1);
    expect(second!.length).toBeGreaterThan(0);
    expect(second!.every(({ classId }) => classId === 0 || classId === 1)).toBe(true);
  });

  it('of whole images are their chunks, and an image that cannot be read does not affect the others', async () => {
    const { folder, images } = await pictures(4);
    await writeFile(join(folder, images[1]!.name), 'no image');
    const { loop, answers, answered, batches } = loopWith(folder, { maxBatchSize: 4 });
    const done = answered(1);
    loop.add({ id: 7, images: asking(queries(), images) });
    await done;
    expect(batches()).toEqual([3]);
    expect(answers.get(7)!.map(({ ok }) => ok)).toEqual([true, false, true, true]);
  });
});

describe('images that need more memory than a worker has for pixels', () => {
  it('are annotated one after the other, whichever of them is read first', async () => {
    const folder = await temporaryFolder();
    const size = { width: 7000, height: 6000 }; // 42 of the 64 megapixels that may be decoded at once
    const blank = await sharp({ create: { ...size, channels: 3, background: 'grey' } })
      .jpeg()
      .toBuffer();
    const images = [0, 1, 2, 3].map((i) => ({ name: `${i}.jpg` }));
    for (const { name } of images) await writeFile(join(folder, name), blank);
    const tiles = { height: 4000, width: 4000, overlap: 0.1, fullImage: true };
    const { loop, answers, answered } = loopWith(folder, { tiles, maxBatchSize: 3 });
    const done = answered(2);
    const bank = queries();
    loop.add({ id: 0, images: asking(bank, images.slice(0, 3)) });
    loop.add({ id: 1, images: asking(bank, images.slice(3)) });
    await done;
    expect([...answers.values()].flat().every(({ ok }) => ok)).toBe(true);
  });
});

describe('a device with memory for two images', () => {
  it('gets two at once, and chunks report the passes that were computed', async () => {
    const { folder, images } = await pictures(5);
    const { loop, answers, answered, passes, batches } = loopWith(folder, { maxBatchSize: 5 });
    const detect = Detector.prototype.detect.bind(detector);
    vi.spyOn(detector, 'detect').mockImplementation(async (pixels, originals, banks) => {
      if (originals.length > 2) throw new Error('Failed to allocate memory for requested buffer of size 1234');
      return await detect(pixels, originals, banks);
    });
    const done = answered(1);
    loop.add({ id: 0, images: asking(queries(), images) });
    await done;
    expect(batches()).toEqual([5, 3, 2, 2, 1]); // the first two had no room
    expect(passes).toEqual([2, 2, 1]);
    expect(answers.get(0)!.every(({ ok }) => ok)).toBe(true);
  });
});
