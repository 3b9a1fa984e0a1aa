import { join } from 'node:path';
import { planCrops } from '../../../src/core/tiling/tiles.js';
import { fullSizeCheckpoint } from '../checkpoint/checkpoint.js';
import { annotate, CORES, writeOntology } from '../support/command.js';
import { PHOTO, writePhotos } from '../support/images.js';
import { undisturbed } from '../support/machine.js';
import { median } from '../support/statistics.js';
import { printGoals, printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

/** One way to cut the images; `inputs` of the model are what an image makes. */
interface Setting {
  readonly name: string;
  readonly images: number;
  readonly inputs: number;
  readonly flags: readonly string[];
}

/** What do tiles cost beside the model's own work on each of them? */
export async function tiles({ folder, quick }: Bench): Promise<void> {
  const model = await fullSizeCheckpoint();
  const count = (quick ? 2 : 6) * CORES;
  const photos = await writePhotos(join(folder, 'photos'), 7 * count);
  const ontology = await writeOntology(folder, 20);
  const settings = settingsOf(count);
  const rates = new Map<Setting, number[]>(settings.map((setting) => [setting, []]));
  const common = ['--device', 'cpu', '--precision', 'fp32', '--workers-per-device', String(CORES), '--threads', '1'];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const setting of settings) {
      const images = photos.slice(0, setting.images);
      const flags = [...common, ...setting.flags];
      const { result } = await undisturbed(() => annotate({ folder, images, model, ontology, flags }));
      rates.get(setting)!.push(result.timings['images_per_second'] ?? NaN);
    }
  }
  report(settings, rates);
}

function settingsOf(count: number): Setting[] {
  const cut = { height: 640, width: 640, overlap: 0.2, fullImage: true };
  const inputs = planCrops(PHOTO, cut).length;
  const flags = ['--tiles', '640'];
  return [
    { name: 'whole images', images: count * inputs, inputs: 1, flags: [] },
    { name: 'tiles of 640', images: count, inputs, flags },
    { name: 'tiles of 640, batches of 4', images: count, inputs, flags: [...flags, '--max-batch-size', '4'] },
    { name: 'whole images, batches of 4', images: count * inputs, inputs: 1, flags: ['--max-batch-size', '4'] },
  ];
}

function report(settings: readonly Setting[], rates: ReadonlyMap<Setting, readonly number[]>): void {
  const rate = (setting: Setting) => median(rates.get(setting)!);
  const rows = settings.map((setting) => [
    setting.name,
    String(setting.images),
    String(setting.inputs),
    rate(setting).toFixed(2),
    (rate(setting) * setting.inputs).toFixed(2),
  ]);
  const title =
    `preannotate run, OWL-ViT base/32, fp32, cpu, ${PHOTO.width}x${PHOTO.height} JPEGs, ` +
    `${CORES} workers, one thread each`;
  printTable(title, ['setting', 'images', 'inputs an image', 'images/s', 'inputs/s'], rows);
  const [whole, cut, cutBatched, wholeBatched] = settings as [Setting, Setting, Setting, Setting];
  const ratio = (a: Setting, b: Setting) => (rate(a) * a.inputs) / (rate(b) * b.inputs);
  printGoals([
    {
      figure: 'inputs/s of tiles against whole images',
      measured: ratio(cut, whole),
      goal: 0.95,
      atLeast: true,
      unit: 'x',
    },
    { figure: 'the same in batches', measured: ratio(cutBatched, wholeBatched), goal: 0.95, atLeast: true, unit: 'x' },
  ]);
}
