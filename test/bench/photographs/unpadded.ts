import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { fullSizeCheckpoint } from '../checkpoint/checkpoint.js';
import { annotate, CORES, writeOntology } from '../support/command.js';
import { PHOTO, writePhotos } from '../support/images.js';
import { undisturbed } from '../support/machine.js';
import { median } from '../support/statistics.js';
import { printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

/** Heights of images of 1280 pixels' width. */
const SHAPES = [
  { name: '4:3', height: PHOTO.height },
  { name: '16:9', height: 720 },
];
const FITS = ['letterbox', 'unpadded'];
const PRECISIONS = ['fp32', 'int8'];

/** How much faster are photographs with `--fit unpadded`, which leaves out the patches that are all padding? */
export async function unpadded({ folder, quick }: Bench): Promise<void> {
  const model = await fullSizeCheckpoint('owlv2-base-patch16');
  const ontology = await writeOntology(folder, 2);
  const count = (quick ? 2 : 4) * CORES;
  const photos = await writePhotos(join(folder, 'photos'), count);
  const rows: string[][] = [];
  for (const { name, height } of SHAPES) {
    const images = await cropAll(photos, height, join(folder, `${height}`));
    for (const precision of PRECISIONS) {
      const rates = new Map<string, number[]>(FITS.map((fit) => [fit, []]));
      for (let round = 0; round < (quick ? 1 : 3); round++) {
        for (const fit of FITS) {
          const flags = ['--device', 'cpu', '--precision', precision, '--fit', fit, ...divided()];
          const { result } = await undisturbed(() => annotate({ folder, images: [images], model, ontology, flags }));
          rates.get(fit)!.push(result.timings['images_per_second'] ?? NaN);
        }
      }
      const [letterbox, without] = FITS.map((fit) => median(rates.get(fit)!)) as [number, number];
      rows.push([name, precision, letterbox.toFixed(3), without.toFixed(3), `${(without / letterbox).toFixed(2)}x`]);
    }
  }
  const title = `OWLv2 base/16 (random weights), cpu, ${count} JPEGs, ${CORES} workers, one thread each`;
  printTable(title, ['images', 'precision', 'letterbox, images/s', 'unpadded, images/s', 'ratio'], rows);
}

function divided(): string[] {
  return ['--workers-per-device', String(CORES), '--threads', '1'];
}

/** @returns The folder, made for them. */
async function cropAll(photos: readonly string[], height: number, folder: string): Promise<string> {
  await mkdir(folder);
  for (const [i, photo] of photos.entries()) {
    const cropped = sharp(photo).extract({ left: 0, top: 0, width: PHOTO.width, height });
    await cropped.jpeg({ quality: 85 }).toFile(join(folder, `${i}.jpg`));
  }
  return folder;
}
