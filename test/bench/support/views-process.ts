/**
 * Writes the YOLO view of so many images that do not exist: `tsx views-process.ts <folder> <images>`. Prints, as JSON,
 * the seconds of each pass and the most memory that was resident, in MB.
 */
import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import type { Xyxy } from '../../../src/core/box.js';
import type { ViewImage } from '../../../src/core/image.js';
import { buildOntology } from '../../../src/core/ontology.js';
import { formats } from '../../../src/formats/index.js';

const [folder, count] = [process.argv[2]!, Number(process.argv[3])];
const ontology = buildOntology({ templates: [], ignore: [], classes: [{ name: 'a', id: 1, prompts: ['a'] }] });
const box: Xyxy = [10, 20, 110, 220];

/** In the order of their names. @param boxes - In each image. */
const imagesWith = (boxes: number): AsyncIterable<ViewImage> => ({
  async *[Symbol.asyncIterator]() {
    for (let i = 0; i < count; i++) {
      const [part, rest] = [Math.floor(i / 1000), i % 1000].map((number) => String(number).padStart(4, '0'));
      const name = `folder-${part}/image-${rest}.jpg`;
      const detections = Array.from({ length: boxes }, (_, k) => {
        const x = k * 5;
        return {
          classId: 0,
          queryId: 0,
          patchId: k,
          score: 0.5,
          box: [box[0] + x, box[1], box[2] + x, box[3]],
        } as const;
      });
      const content = { sizeBytes: 1, sha256: '' };
      yield await Promise.resolve({ id: i + 1, name, width: 640, height: 480, detections, stored: [], ...content });
    }
  },
});

const seconds: Record<string, number> = {};
for (const [pass, boxes] of [
  ['first', 4],
  ['unchanged', 4],
  ['changed', 3],
] as const) {
  const startMs = performance.now();
  await formats.yolo.write({
    images: imagesWith(boxes),
    ontology,
    root: join(folder, 'images'),
    outDir: join(folder, 'out/yolo'),
    provenance: { version: '0.0.0', model: 'none', modelSha256: '', year: 2026 },
    imageFiles: 'symlink',
    overwriteEdited: false,
    throwIfStopped: () => Promise.resolve(),
  });
  seconds[pass] = (performance.now() - startMs) / 1000;
}
process.stdout.write(JSON.stringify({ seconds, peakMb: process.resourceUsage().maxRSS / 1000 }));
