import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, journalled, preannotate, SCENES } from '../support/cli.js';
import { ROOT } from '../support/model/golden.js';
import { exportOf } from '../support/model/optimum/open.js';
import { temporaryFolder } from '../support/temporary.js';

interface Found {
  readonly class: string;
  readonly prompt: string;
  readonly score: number;
  readonly box: readonly number[];
}

const IMAGES = ['01.jpg', '02.jpg', '10.png', '25.webp'].map((name) => join(SCENES, `scene-${name}`));
const ONTOLOGY = ['--ontology', join(ROOT, 'ontologies/emoji.yaml')];

async function run(model: readonly string[], ...more: readonly string[]) {
  const out = join(await temporaryFolder(), 'out');
  const finished = await preannotate(['run', ...IMAGES, ...model, ...more, '--out', out]);
  const images = (await journalled(out)) as unknown as { image: string; detections: Found[] }[];
  return { ...finished, images: images.sort((a, b) => (a.image < b.image ? -1 : 1)) };
}

describe('run with an export for transformers.js', () => {
  it('finds what the checkpoint itself finds', async () => {
    const own = await run(EMOJI);
    const folder = await exportOf('owlvit-emoji', { opset: 11 }, { kind: 'int8' });
    const exported = await run(['--model', folder, ...ONTOLOGY]);
    expect({ code: exported.code, stderr: exported.stderr }).toMatchObject({ code: 0 });
    expect(exported.images.map(({ image }) => image)).toEqual(own.images.map(({ image }) => image));
    for (const [i, { detections }] of own.images.entries()) {
      // Scores that are as good as equal may change places; a box at the floor may be on either side of it.
      const theirs = exported.images[i]!.detections;
      const missing = detections.filter((one) => !theirs.some((other) => isSame(one, other)) && one.score > 0.0501);
      expect(missing).toEqual([]);
      expect(Math.abs(theirs.length - detections.length)).toBeLessThan(3);
    }
    expect(own.images.flatMap(({ detections }) => detections).length).toBeGreaterThan(50);

    const eight = await run(['--model', folder, ...ONTOLOGY], '--precision', 'int8');
    expect({ code: eight.code, stderr: eight.stderr }).toMatchObject({ code: 0 });
    expect(eight.images).not.toEqual(exported.images);
    expect(eight.images.flatMap(({ detections }) => detections).length).toBeGreaterThan(50);
  });

  it.each(['letterbox', 'stretch', 'grey'])('finds what the checkpoint itself finds, with --fit %s', async (fit) => {
    const own = await run(EMOJI, '--fit', fit);
    const exported = await run(['--model', await exportOf('owlvit-emoji', {}), ...ONTOLOGY], '--fit', fit);
    expect({ code: exported.code, stderr: exported.stderr }).toMatchObject({ code: 0 });
    expect(own.images.flatMap(({ detections }) => detections).length).toBeGreaterThan(50);
    const byDefault = await run(EMOJI);
    if (fit === 'stretch') expect(own.images).toEqual(byDefault.images);
    else expect(own.images).not.toEqual(byDefault.images);
    for (const [i, { detections }] of own.images.entries()) {
      const theirs = exported.images[i]!.detections;
      expect(detections.filter((one) => !theirs.some((other) => isSame(one, other)) && one.score > 0.0501)).toEqual([]);
    }
  });

  it('is refused with the reason where the export lacks the precision or the size, or is damaged', async () => {
    const folder = await exportOf('owlvit-emoji', {});
    const model = ['--model', folder, ...ONTOLOGY];
    const half = await run(model, '--precision', 'fp16');
    expect({ code: half.code, stderr: half.stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(
        /model_fp16\.onnx: this export has no such file; in its folder are model\.onnx/,
      ) as string,
    });
    const larger = await run(model, '--image-size', '256');
    expect({ code: larger.code, stderr: larger.stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/images must be 192 x 192, not 256 x 256/) as string,
    });
    await truncate(join(folder, 'onnx/model.onnx'), 100_000);
    const short = await run(model);
    expect({ code: short.code, stderr: short.stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/onnx\/model\.onnx: not a usable ONNX file: .* past the message/) as string,
    });
  });
});

function isSame(a: Found, b: Found): boolean {
  return (
    a.class === b.class &&
    a.prompt === b.prompt &&
    Math.abs(a.score - b.score) < 3e-5 &&
    a.box.every((side, i) => Math.abs(side - b.box[i]!) < 0.03)
  );
}
