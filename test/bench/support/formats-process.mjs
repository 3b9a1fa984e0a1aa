/**
 * Writes or reads a view of so many images that do not exist, with 10 boxes in 3 of them:
 * `node formats-process.mjs <out> <format> <images> <task>`, where the task is write, read, validate or stats. Prints,
 * as JSON, what it counted, the seconds and the most memory that was resident, in MB.
 */
import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import { keepHeapSmall } from '../../../dist/cli/start/heap.js';
import { buildOntology } from '../../../dist/core/ontology.js';
import { openDataSet } from '../../../dist/data-set/open.js';
import { formats } from '../../../dist/formats/index.js';
import { DataSetProbe } from '../../../dist/formats/reading/probe.js';
import { readStatistics } from '../../../dist/statistics/read-statistics.js';
import { Findings } from '../../../dist/validation/findings.js';
import { validateDataSet } from '../../../dist/validation/validate.js';

keepHeapSmall(); // as in every command
const [out, name, images, task] = process.argv.slice(2);
const classes = Array.from({ length: 10 }, (_, i) => ({
  name: `class ${i}`,
  id: i + 1,
  prompts: [`a photo of a ${i}`],
}));
const ontology = buildOntology({ templates: [], ignore: [], classes });
const SIZE = { width: 640, height: 480 };

/** In the order of their names. */
const shown = {
  async *[Symbol.asyncIterator]() {
    for (let i = 0; i < Number(images); i++) {
      const [part, rest] = [Math.floor(i / 1000), i % 1000].map((number) => String(number).padStart(4, '0'));
      const detections = Array.from({ length: i % 3 === 0 ? 4 : 3 }, (_, k) => {
        const classId = (i + k) % classes.length;
        const score = (90_000 - ((i * 7 + k * 1009) % 80_000)) / 100_000;
        const box = [k * 5, (i % 97) + 0.25, k * 5 + 99.99 + (i % 53), (i % 97) + 120.5];
        return { classId, queryId: classId, patchId: k, score, box };
      });
      const content = { sizeBytes: 1, sha256: String(i).padStart(64, '0') };
      const image = { id: i + 1, name: `folder-${part}/image-${rest}.jpg`, ...SIZE, detections, stored: detections };
      yield await Promise.resolve({ ...image, ...content });
    }
  },
};

async function write() {
  await formats[name].write({
    images: shown,
    ontology,
    root: join(out, 'images'),
    outDir: join(out, name),
    provenance: { version: '0.0.0', model: 'none', modelSha256: '', year: 2026 },
    imageFiles: 'none',
    overwriteEdited: false,
    throwIfStopped: () => Promise.resolve(),
  });
  return Number(images);
}

async function read() {
  const dataSet = await openDataSet(join(out, name), { sizeOf: () => Promise.resolve(SIZE) });
  let boxes = 0;
  for await (const image of dataSet.images) boxes += image.boxes.length;
  return boxes;
}

async function validate() {
  const probe = await DataSetProbe.open(join(out, name));
  const { report } = new Findings(5);
  return (await validateDataSet({ probe, format: name, imagesRoot: undefined }, report)).boxes;
}

async function stats() {
  const options = { format: name, sizeOf: () => Promise.resolve(SIZE) };
  return (await readStatistics(join(out, name), options)).statistics.boxes;
}

const TASKS = { write, read, validate, stats };
const startMs = performance.now();
const count = await TASKS[task]();
const seconds = (performance.now() - startMs) / 1000;
process.stdout.write(JSON.stringify({ count, seconds, peakMb: process.resourceUsage().maxRSS / 1000 }));
