import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Size, Xyxy } from '../../src/core/box.js';
import type { ExampleRule } from '../../src/core/inference/example-rule.js';
import { openResizer } from '../../src/images/resize/resizer.js';
import { ExampleEncoder } from '../../src/model/example-encoder.js';
import { traitsOf } from '../../src/model/families.js';
import type { OwlCheckpoint } from '../../src/model/owl/config.js';
import { buildExampleGraph } from '../../src/model/owl/example-graph.js';
import { buildImageGraph } from '../../src/model/owl/graphs.js';
import { chooseQueryPatch } from '../../src/model/query-patch.js';
import { openSession } from '../../src/model/session.js';
import { ort } from '../../src/onnx/runtime.js';
import { FIXTURES, GOLDEN } from '../support/model/golden.js';
import { readOwlCheckpoint } from '../support/model/owl.js';

const WHOLE = [0, 0, 1, 1] as const;

const near = (value: number) => expect.closeTo(value, 5) as number; // boxes are float32

describe('the patch that stands for an example', () => {
  // Three patches around the middle, and one in a corner. The mean embedding points to the right.
  const boxes = Float32Array.of(0.5, 0.5, 1, 1, 0.5, 0.5, 0.95, 0.95, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.2, 0.2);
  const classEmbeds = Float32Array.of(3, 0, 1, 1, -9, 0, 6, 0);

  it('is the least ordinary of those whose boxes fit nearly best, not of all', () => {
    expect(chooseQueryPatch({ boxes, classEmbeds }, WHOLE)).toMatchObject({ patch: 1, iou: near(0.9025) });
  });

  it('is another one when the object is elsewhere', () => {
    expect(chooseQueryPatch({ boxes, classEmbeds }, [0.25, 0.25, 0.75, 0.75])).toMatchObject({ patch: 2, iou: 1 });
    expect(chooseQueryPatch({ boxes, classEmbeds }, [0, 0, 0.1, 0.2])).toMatchObject({ patch: 3, iou: near(0.5) });
  });

  it('is the first of equals', () => {
    expect(chooseQueryPatch({ boxes, classEmbeds: new Float32Array(8) }, WHOLE)).toMatchObject({ patch: 0, iou: 1 });
  });

  it('is the most likely object of them where objectness is given, the first of equals', () => {
    const choose = (...objectness: number[]) =>
      chooseQueryPatch({ boxes, classEmbeds, objectness: Float32Array.from(objectness) }, WHOLE)!.patch;
    expect(choose(-3, -4, 9, 9)).toBe(0);
    expect(choose(-4, -3, 9, 9)).toBe(1);
    expect(choose(-4, -4, 9, 9)).toBe(0);
  });

  it('is one whose box has an IoU of at least 0.8 of the best', () => {
    const widths = [1, 0.81, 0.79];
    const boxes = Float32Array.from(widths.flatMap((width) => [width / 2, 0.5, width, 1]));
    const choose = (objectness: number[]) =>
      chooseQueryPatch({ boxes, classEmbeds: new Float32Array(3), objectness: Float32Array.from(objectness) }, WHOLE);
    expect(choose([0, 1, 2])).toMatchObject({ patch: 1, iou: near(0.81), box: [0, 0, near(0.81), 1] });
    expect(choose([1, 0, 2])).toMatchObject({ patch: 0 });
  });

  it('is none when no box overlaps the object, also where one touches it', () => {
    const far = Float32Array.of(0.1, 0.1, 0.1, 0.1, 0.75, 0.75, 0.25, 0.25);
    expect(chooseQueryPatch({ boxes: far, classEmbeds: Float32Array.of(1, 2) }, [0.875, 0.875, 1, 1])).toBeUndefined();
  });
});

const PICTURE = { width: 240, height: 120 };

const EXAMPLES: readonly (Xyxy | undefined)[] = [
  undefined,
  [0, 0, 120, 120],
  [100, 10, 140, 50],
  [30, 60, 90, 118],
  [0, 0, 240, 60],
];

describe.each([
  ['owlvit-tiny', 'stretch'],
  ['owlvit-tiny', 'grey'],
  ['owlv2-tiny', 'letterbox'],
] as const)('an example of 2:1 for %s, with fit %s', (name, fit) => {
  let checkpoint: OwlCheckpoint;
  let outputs: RawOutputs;
  let pixels: Uint8Array;
  let frame: Size;

  beforeAll(async () => {
    checkpoint = await readOwlCheckpoint(join(FIXTURES, 'models', name));
    const size = traitsOf(checkpoint).inputSize();
    const image = sharp(join(GOLDEN, 'images/photo_landscape.png')).removeAlpha();
    const rgb = await image.resize(PICTURE.width, PICTURE.height, { fit: 'fill' }).raw().toBuffer();
    pixels = new Uint8Array(size.height * size.width * 3);
    await using resizer = openResizer(fit, size);
    await resizer.resize({ pixels: rgb, ...PICTURE, original: PICTURE }, pixels);
    outputs = await runRaw(checkpoint, pixels);
    frame = fit === 'stretch' ? PICTURE : { width: 240, height: 240 };
  });

  it.each(EXAMPLES.map((box) => ({ box })))('box $box takes the query from the patch of the rule', async ({ box }) => {
    const chosen = byRule(outputs, { frame, box: box ?? [0, 0, 240, 120], byObjectness: name === 'owlv2-tiny' });
    expect(await encode('auto', box)).toEqual(chosen);
  });

  it.each(EXAMPLES.map((box) => ({ box })))('box $box as in transformers: unlike the mean', async ({ box }) => {
    const { width, height } = name === 'owlv2-tiny' ? frame : PICTURE; // OWL-ViT is not padded there
    const whole: Xyxy = [0, 0, width, height];
    const chosen = byRule(outputs, { frame, box: box ?? whole, byObjectness: false });
    expect(await encode('transformers', box)).toEqual(chosen);
  });

  it('the rules differ for OWLv2 only', async () => {
    const isSame = await Promise.all(
      EXAMPLES.map(async (box) => {
        const [auto, transformers] = [await encode('auto', box), await encode('transformers', box)];
        return JSON.stringify(auto) === JSON.stringify(transformers);
      }),
    );
    expect(isSame.every(Boolean)).toBe(name === 'owlvit-tiny');
  });

  it('a whole image is the picture without its padding', async () => {
    expect(await encode('auto')).toEqual(await encode('auto', [0, 0, 240, 120]));
  });

  it('there is no query for an object that no predicted box overlaps', async () => {
    expect(await encode('auto', [0, 0, 1, 1])).toBeUndefined();
    expect(await encode('transformers', [0, 0, 1, 1])).toBeUndefined();
  });

  async function encode(exampleRule: ExampleRule, box?: Xyxy): Promise<Chosen | undefined> {
    const size = traitsOf(checkpoint).inputSize();
    await using encoder = await ExampleEncoder.open({ checkpoint, threads: 1, size, exampleRule, fit });
    const encoded = await encoder.encode({ pixels, size: PICTURE, ...(box === undefined ? {} : { box }) });
    return encoded && { embedding: [...encoded.embedding], box: [...encoded.choice.box], iou: encoded.choice.iou };
  }
});

/** The query of an example, and the box that it is taken from. */
interface Chosen {
  readonly embedding: number[];
  readonly box: number[]; // pixels of the picture, to a hundredth
  readonly iou: number; // to a ten-thousandth
}

/** What the graphs give for one image. */
interface RawOutputs {
  readonly boxes: number[][]; // [P][4], cxcywh fractions
  readonly objectness: number[] | undefined; // [P]
  readonly rowOf: (patch: number) => number[]; // its class embedding, not normalised
}

/** Boxes and objectness are those of the image graph, with which prompts are looked for. */
async function runRaw(checkpoint: OwlCheckpoint, pixels: Uint8Array): Promise<RawOutputs> {
  const { embeddingWidth: width } = traitsOf(checkpoint);
  const size = traitsOf(checkpoint).inputSize();
  const options = { device: { provider: 'cpu' }, threads: 1, weightsFolder: checkpoint.weightsFolder } as const;
  const input = new ort.Tensor('uint8', pixels, [1, size.height, size.width, 3]);
  const image = await openSession(buildImageGraph(checkpoint, { size, maxDetections: 300, raw: true }), options);
  const raw = await image.run({
    pixels: input,
    queries: new ort.Tensor('float32', new Float32Array(width).fill(1), [1, width]),
    groups: new ort.Tensor('int64', [0n], [1, 1]),
    offsets: new ort.Tensor('float32', [0], [1]),
    allowed: new ort.Tensor('float32', [0], [1, 1]),
  });
  const example = await openSession(buildExampleGraph(checkpoint, { size }), options);
  const embeds = [...((await example.run({ pixels: input }))['class_embeds']!.data as Float32Array)];
  const boxes = [...(raw['boxes']!.data as Float32Array)];
  const objectness = raw['objectness_logits']?.data as Float32Array | undefined;
  return {
    boxes: Array.from({ length: boxes.length / 4 }, (_, patch) => boxes.slice(patch * 4, patch * 4 + 4)),
    objectness: objectness && [...objectness],
    rowOf: (patch) => embeds.slice(patch * width, (patch + 1) * width),
  };
}

/** The rule, written out: in pixels of the picture, without the product's code. */
function byRule(
  { boxes, objectness, rowOf }: RawOutputs,
  { frame, box, byObjectness }: { frame: Size; box: Xyxy; byObjectness: boolean },
): Chosen {
  const corners = boxes.map(([cx, cy, w, h]) => [
    ...[(cx! - w! / 2) * frame.width, (cy! - h! / 2) * frame.height],
    ...[(cx! + w! / 2) * frame.width, (cy! + h! / 2) * frame.height],
  ]);
  const overlaps = (corners as [number, number, number, number][]).map(([left, top, right, bottom]) => {
    const shared =
      Math.max(0, Math.min(right, box[2]) - Math.max(left, box[0])) *
      Math.max(0, Math.min(bottom, box[3]) - Math.max(top, box[1]));
    return shared / ((right - left) * (bottom - top) + (box[2] - box[0]) * (box[3] - box[1]) - shared);
  });
  const best = Math.max(...overlaps);
  const candidates = overlaps.flatMap((overlap, patch) => (overlap >= 0.8 * best ? [patch] : []));
  const choose = (patch: number): Chosen => ({
    embedding: rowOf(patch),
    box: corners[patch]!.map((value) => expect.closeTo(value, 1) as number),
    iou: expect.closeTo(overlaps[patch]!, 3) as number,
  });
  if (byObjectness) return choose(candidates.reduce((a, b) => (objectness![b]! > objectness![a]! ? b : a)));
  const rows = boxes.map((_, patch) => rowOf(patch));
  const mean = rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
  const likeness = candidates.map((patch) => rows[patch]!.reduce((sum, value, i) => sum + value * mean[i]!, 0));
  return choose(candidates[likeness.indexOf(Math.min(...likeness))]!);
}
