import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Precision } from '../../../src/core/precision.js';
import { fullSizeCheckpoint } from '../checkpoint/checkpoint.js';
import { annotate, CORES, writeOntology, type Annotation } from '../support/command.js';
import { writePhotos } from '../support/images.js';
import { peakOf } from './memory.js';
import { SHAPES, type ShapeName } from '../checkpoint/shapes.js';
import { printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

const MEASURED: readonly Precision[] = ['fp32', 'int8'];

/** Does every published size of model open and run, how long does an image take, and how much memory? */
export async function sizes({ folder, quick }: Bench): Promise<void> {
  const images = await writePhotos(join(folder, 'sizes-photos'), quick ? 2 : 4);
  const ontology = await writeOntology(folder, 2);
  const rows: string[][] = [];
  for (const name of Object.keys(SHAPES) as ShapeName[]) {
    const model = await fullSizeCheckpoint(name);
    const { image, patch } = SHAPES[name].vision;
    const { size } = await stat(join(model, 'model.safetensors'));
    const row = [name, String(image), String(Math.floor(image / patch) ** 2), (size / 1e9).toFixed(2)];
    for (const precision of MEASURED) {
      const flags = [
        '--device',
        'cpu',
        '--precision',
        precision,
        '--workers-per-device',
        '1',
        '--threads',
        String(CORES),
      ];
      row.push(...(await figuresOf({ folder, images, model, ontology, flags })));
    }
    rows.push(row);
  }
  printTable(
    `Every size, random weights, one worker with ${CORES} threads on the CPU: ` +
      "seconds from the job's start to the first result, and an image",
    ['model', 'input', 'patches', 'GB', ...MEASURED.flatMap((each) => [`${each} first s`, 's/image', 'worker GB'])],
    rows,
  );
}

async function figuresOf(annotation: Annotation): Promise<string[]> {
  await annotate({ ...annotation, images: annotation.images.slice(0, 1) }); // fills the caches
  const { workers, manifest } = await peakOf(annotation);
  const { first_result_ms: first = NaN, images_per_second: rate = NaN } = manifest.timings;
  return [(first / 1000).toFixed(2), (1 / rate).toFixed(2), Math.max(...workers).toFixed(2)];
}
