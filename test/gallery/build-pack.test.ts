import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readStoredSelection, resolveSelection } from '../../src/config/selection.js';
import { decodePack, encodePack, PIXEL_STEPS, SCORE_STEPS, type GalleryPack } from '../../src/core/gallery/pack.js';
import type { Detection } from '../../src/core/detection.js';
import { select, type Selection } from '../../src/core/select.js';
import { formatLine, parseLine } from '../../src/disk/checked-line.js';
import { buildPack } from '../../src/gallery/build-pack.js';
import { StoredImages } from '../../src/run/images/stored-images.js';
import { openRun } from '../../src/run/open-run.js';
import { copyOldRun } from '../support/old-runs.js';
import { writeSyntheticRun } from '../support/review/synthetic-run.js';
import { temporaryFolder } from '../support/temporary.js';

/** The boxes of an image as the page has them. */
function detectionsOf({ facts, boxes }: GalleryPack, image: number): Detection[] {
  const detections: Detection[] = [];
  for (let i = boxes.starts[image]!; i < boxes.starts[image + 1]!; i++) {
    const [x1, y1, x2, y2] = boxes.corners.subarray(4 * i, 4 * i + 4);
    const queryId = boxes.prompts[i]!;
    expect(facts.prompts[queryId]!.class).toBe(boxes.classes[i]);
    detections.push({
      classId: boxes.classes[i]!,
      queryId,
      patchId: boxes.patches[i]!,
      score: boxes.scores[i]! / SCORE_STEPS,
      box: [x1! / PIXEL_STEPS, y1! / PIXEL_STEPS, x2! / PIXEL_STEPS, y2! / PIXEL_STEPS],
    });
  }
  return detections;
}

/** Packs a folder, and compares what is selected from the pack with what the views select from the journal. */
async function packAndCompare(outDir: string, { maxBoxes = 3e6, threshold = undefined as number | undefined } = {}) {
  const run = await openRun(outDir);
  const pack = decodePack(encodePack(await buildPack({ outDir, run, title: 'out', maxBoxes })));
  const stored = resolveSelection(readStoredSelection(run.scope.selection), run.ontology);
  const { facts } = pack;
  expect({ ...facts.selection, thresholds: facts.classes.map((one) => one.threshold) }).toEqual(stored);
  const thresholds = stored.thresholds.map((usual) => Math.max(threshold ?? usual, facts.scoreFloor));
  const selection: Selection = { ...stored, thresholds };
  let i = 0;
  for await (const { id, name, width, height, detections } of new StoredImages(run.journal, run.imageIds, {
    ...run,
    selection,
  })) {
    const { images } = facts;
    expect([images.ids[i], images.names[i], images.widths[i], images.heights[i]]).toEqual([id, name, width, height]);
    expect(select(detectionsOf(pack, i), selection)).toEqual(detections);
    i++;
  }
  expect(i).toBe(facts.images.names.length);
  return pack;
}

/** Changes lines of a journal after its header. */
async function editLines(outDir: string, edit: (record: Record<string, unknown>, i: number) => object): Promise<void> {
  const path = join(outDir, 'detections.jsonl');
  const [head, ...lines] = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const edited = lines.map((line, i) => formatLine(edit(parseLine(line) as Record<string, unknown>, i)));
  await writeFile(path, `${head}\n${edited.join('')}`);
}

it('what is selected from a pack is what the views select from the journal', async () => {
  const folder = await temporaryFolder();
  await writeSyntheticRun(folder, { images: 120, boxes: 30 });
  const { boxes, facts } = await packAndCompare(folder);
  expect(boxes.scores).toHaveLength(3600);
  expect(facts.scoreFloor).toBe(0.01);
  expect(facts.images.groups.slice(0, 6)).toEqual([1, 1, 1, 1, 0, 0]);
  expect(facts.images.groups[100]).toBe(2);
});

it('a run of version 0.1 is packed too', async () => {
  const { out } = await copyOldRun('finished');
  const { facts } = await packAndCompare(out);
  expect(facts.images.names).toContain('scene-01.jpg');
  expect(facts.failures).toMatchObject([{ name: 'scene-00.jpg', code: 'IMAGE_UNDECODABLE' }]);
});

it('boxes of the lowest scores are left out where there are too many, and higher thresholds stay exact', async () => {
  const folder = await temporaryFolder();
  await writeSyntheticRun(folder, { images: 200, boxes: 20 });
  const { boxes, facts } = await packAndCompare(folder, { maxBoxes: 1000, threshold: 0 });
  expect(boxes.scores.length).toBeLessThanOrEqual(1000);
  expect(boxes.scores.length).toBeGreaterThan(950);
  expect(facts.scoreFloor).toBeGreaterThan(0.6);
  expect(Math.min(...boxes.scores)).toBeGreaterThan(facts.scoreFloor * SCORE_STEPS);
});

it('lines that another program wrote, and lines in any order, are packed alike', async () => {
  const folder = await temporaryFolder();
  await writeSyntheticRun(folder, {
    images: 60,
    boxes: 12,
    classes: ['a "quoted\\class', 'Grüße 🐟', '],"size_bytes":', 'x"'],
    names: (i) => `${String(60 - i).padStart(3, '0')} "ü\\.jpg`,
  });
  const before = await packAndCompare(folder);
  await editLines(folder, (record, i) => {
    const detections = [...(record['detections'] as Record<string, unknown>[])];
    if (i % 5 === 1) detections.reverse();
    if (i % 5 === 2)
      detections.forEach(({ class: name, ...others }, k) => (detections[k] = { ...others, class: name }));
    const { image, ...others } = record;
    return i % 5 === 3 ? { ...others, detections, image } : { ...record, detections };
  });
  expect(await packAndCompare(folder)).toEqual(before);
});

it('a pack names no folder of the machine, and takes what a running run adds later as not there', async () => {
  const outer = await temporaryFolder();
  const [folder, moved] = [join(outer, 'out'), join(outer, 'moved')];
  await writeSyntheticRun(folder, { images: 3 });
  const failure = { image: 'a.jpg', code: 'IMAGE_UNREADABLE', message: `${join(folder, 'images', 'a.jpg')}: denied` };
  await writeFile(join(folder, 'errors.jsonl'), `${JSON.stringify(failure)}\n{"image":`);
  const run = await openRun(folder);
  await appendFile(join(folder, 'detections.jsonl'), formatLine({ image: 'later.jpg' }));
  const pack = await buildPack({ outDir: folder, run, title: 'out' });
  expect(pack.facts.failures).toEqual([{ name: 'a.jpg', code: 'IMAGE_UNREADABLE', message: 'a.jpg: denied' }]);
  expect(pack.facts.images.names).toHaveLength(3);
  expect(JSON.stringify(pack.facts)).not.toContain(outer);
  await rename(folder, moved);
});
