import { describe, expect, it } from 'vitest';
import { cxcywhToXyxy, type Cxcywh } from '../../src/core/box.js';
import { PromptTokenizer } from '../../src/model/tokenizer.js';
import { goldenCases, maxDifference, tensorsOf, type GoldenCase } from '../support/model/golden.js';
import { modelFolderOf, runGolden } from '../support/model/golden-model.js';

const TOLERANCE = 1e-4; // logits and boxes, float32 on a CPU

describe.each(goldenCases('forward'))('reference case $name', (golden) => {
  const tensor = tensorsOf(golden);

  it('its texts get the reference token ids', async () => {
    const tokenizer = await PromptTokenizer.open(modelFolderOf(golden), 16);
    const { data, shape } = tensor('input_ids');
    const length = shape[1]!;
    const texts = golden.texts.flat();
    const ids = texts.flatMap((text) => {
      const encoded = tokenizer.truncate(tokenizer.encode(text!));
      return [...encoded, ...Array<number>(length - encoded.length).fill(0)];
    });
    expect(ids).toEqual([...data]);
  });

  it('its text embeddings, logits and boxes are the reference ones', async () => {
    const { embeddings, outputs, columns } = await runGolden(golden);
    expect(maxDifference(embeddings, tensor('text_embeds').data)).toBeLessThan(1e-5);
    expect(maxDifference(columns(outputs.logits), tensor('logits').data)).toBeLessThan(TOLERANCE);
    expect(maxDifference(outputs.boxes, tensor('pred_boxes').data)).toBeLessThan(TOLERANCE);
    expect(maxDifference(outputs.image_embeds, tensor('image_embeds').data)).toBeLessThan(TOLERANCE);
    if (golden.model === 'owlv2-tiny') {
      expect(maxDifference(outputs.objectness_logits, tensor('objectness_logits').data)).toBeLessThan(TOLERANCE);
    }
  });

  it('post-processing keeps the same patches, labels and boxes', async () => {
    const { outputs, queries, columns } = await runGolden(golden);
    const patches = outputs.boxes.length / 4 / golden.images.length;
    const logits = columns(outputs.logits);
    for (const { prefix, image, threshold, target_size_hw: size } of golden.post) {
      // Each image of a reference batch has its own queries; the graph shares them, so the best is taken again here.
      const kept: { score: number; label: number; box: number[] }[] = [];
      for (let patch = image * patches; patch < (image + 1) * patches; patch++) {
        const row = logits.slice(patch * queries, (patch + 1) * queries);
        const best = Math.max(...row);
        const score = 1 / (1 + Math.exp(-best));
        const box = [...outputs.boxes.slice(patch * 4, patch * 4 + 4)] as unknown as Cxcywh;
        if (score > threshold)
          kept.push({ score, label: row.indexOf(best), box: [...cxcywhToXyxy(box, target(golden, size))] });
      }
      expect(kept.map(({ label }) => label)).toEqual([...tensor(`${prefix}.labels`).data]);
      expect(
        maxDifference(
          kept.map(({ score }) => score),
          tensor(`${prefix}.scores`).data,
        ),
      ).toBeLessThan(1e-5);
      const scale = size === null ? 1 : Math.max(...size);
      expect(
        maxDifference(
          kept.flatMap(({ box }) => box),
          tensor(`${prefix}.boxes`).data,
        ),
      ).toBeLessThan(1e-5 * scale);
    }
  });

  it('the graph ranks pairs of patch and query itself', async () => {
    const { outputs, allQueries } = await runGolden(golden);
    const images = golden.images.length;
    const perImage = outputs.logits.length / images; // pairs of patch and query
    const kept = outputs.scores.length / images;
    for (let image = 0; image < images; image++) {
      const logits = outputs.logits.slice(image * perImage, (image + 1) * perImage);
      const sorted = Array.from(logits).sort((a, b) => b - a);
      for (let rank = 0; rank < kept; rank++) {
        const at = image * kept + rank;
        expect(outputs.scores[at]).toBeCloseTo(1 / (1 + Math.exp(-sorted[rank]!)), 5);
        expect(logits[outputs.pairs[at]!]).toBe(sorted[rank]);
        expect(outputs.members[at]).toBe(0);
      }
    }
    expect(kept).toBe(Math.min(300, (outputs.boxes.length / 4 / images) * allQueries));
  });
});

/** OWL-ViT's boxes are fractions of the image, OWLv2's of the square that it was padded to. */
function target(golden: GoldenCase, size: readonly [number, number] | null) {
  if (size === null) return { width: 1, height: 1 };
  const [height, width] = size;
  const side = Math.max(height, width);
  return golden.model === 'owlv2-tiny' ? { width: side, height: side } : { width, height };
}
