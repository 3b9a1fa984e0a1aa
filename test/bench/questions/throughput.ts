import { join } from 'node:path';
import type { RunManifest } from '../../../src/run/manifest.js';
import { fullSizeCheckpoint } from '../checkpoint/checkpoint.js';
import { annotate, CORES, writeOntology } from '../support/command.js';
import { writePhotos } from '../support/images.js';
import { undisturbed } from '../support/machine.js';
import { REFERENCE, sgemmRate } from './sgemm.js';
import { median } from '../support/statistics.js';
import { printGoals, printTable } from '../support/table.js';
import { gflopAnImage } from '../checkpoint/work.js';
import type { Bench } from '../support/workspace.js';

const STAGES = ['read', 'decode', 'resize', 'infer', 'wait'] as const;

/** One way to run the command line. */
interface Setting {
  readonly name: string;
  readonly images: number;
  readonly prompts: number;
  readonly workers: number;
}

/** What a run of it came to. Stage times are milliseconds of worker time an image. */
interface Measured {
  readonly imagesPerSecond: number;
  readonly busy: number; // share of the workers' time that the device computed
  readonly stages: Readonly<Record<(typeof STAGES)[number], number>>;
  readonly modelRate: number; // GFLOP/s of one worker while it computes
  readonly products: number; // GFLOP/s of sgemm just before, with as many threads as there were workers
  readonly others: number;
}

/** How many images a second does a run annotate with the full-size model on the CPU, and where does time go? */
export async function throughput({ folder, quick }: Bench): Promise<void> {
  const model = await fullSizeCheckpoint();
  const count = (quick ? 4 : 8) * CORES;
  const photos = await writePhotos(join(folder, 'photos'), 2 * count);
  const run = async ({ images, prompts, workers }: Setting) => {
    const ontology = await writeOntology(folder, prompts);
    const flags = ['--device', 'cpu', '--precision', 'fp32', '--workers-per-device', String(workers), '--threads', '1'];
    return annotate({ folder, images: photos.slice(0, images), model, ontology, flags });
  };
  const settings = settingsOf(count);
  for (const setting of settings) await run({ ...setting, images: 1 }); // fills the caches
  const results = new Map<Setting, Measured[]>(settings.map((setting) => [setting, []]));
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const setting of settings) {
      const { result, others } = await undisturbed(async () => {
        const products = await sgemmRate(REFERENCE, { threads: setting.workers, seconds: 0.7 });
        return { products, manifest: await run(setting) };
      });
      results.get(setting)!.push({ ...measuredOf(result.manifest, setting), products: result.products, others });
    }
  }
  report(settings, results);
}

function settingsOf(count: number): Setting[] {
  return [
    { name: 'all workers', images: count, prompts: 20, workers: CORES },
    { name: '1 worker', images: Math.ceil(count / 2), prompts: 20, workers: 1 },
    { name: 'all workers, 2 prompts', images: count, prompts: 2, workers: CORES },
    { name: 'all workers, 80 prompts', images: count, prompts: 80, workers: CORES },
    { name: 'all workers, twice the images', images: 2 * count, prompts: 20, workers: CORES },
  ];
}

function measuredOf(
  { timings }: RunManifest,
  { images, prompts, workers }: Setting,
): Omit<Measured, 'products' | 'others'> {
  const time = (name: string) => timings[name] ?? NaN;
  const stages = Object.fromEntries(STAGES.map((stage) => [stage, time(`${stage}_ms`) / images])) as Measured['stages'];
  return {
    imagesPerSecond: time('images_per_second'),
    busy: time('infer_ms') / (workers * time('images_ms')),
    stages,
    modelRate: gflopAnImage(prompts) / (stages.infer / 1000),
  };
}

function report(settings: readonly Setting[], results: ReadonlyMap<Setting, readonly Measured[]>): void {
  const middle = (setting: Setting, value: (measured: Measured) => number) => median(results.get(setting)!.map(value));
  const rate = (setting: Setting) => middle(setting, ({ imagesPerSecond }) => imagesPerSecond);
  const rows = settings.map((setting) => [
    setting.name,
    String(setting.images),
    rate(setting).toFixed(2),
    (rate(setting) * gflopAnImage(setting.prompts)).toFixed(0),
    middle(setting, ({ products }) => products).toFixed(0),
    `${(100 * middle(setting, ({ busy }) => busy)).toFixed(0)} %`,
    ...STAGES.map((stage) => middle(setting, ({ stages }) => stages[stage]).toFixed(0)),
    middle(setting, ({ others }) => others).toFixed(2),
  ]);
  const title =
    'preannotate run, OWL-ViT base/32, fp32, cpu, 1280x960 JPEGs, one thread a worker, ' +
    `${gflopAnImage(20).toFixed(1)} GFLOP an image.\n` +
    'sgemm: GFLOP/s of matrix products just before; read to wait: ms of worker time an image; ' +
    'others: CPUs taken by other processes';
  printTable(title, ['setting', 'images', 'images/s', 'GFLOP/s', 'sgemm', 'busy', ...STAGES, 'others'], rows);

  const [all, one, few, many, twice] = settings as [Setting, Setting, Setting, Setting, Setting];
  const ratio = (above: Setting, below: Setting) => rate(above) / rate(below);
  const ofSgemm = middle(one, ({ modelRate, products }) => modelRate / products);
  printGoals([
    { figure: 'model rate against sgemm, 1 worker', measured: ofSgemm, goal: 0.97, atLeast: true, unit: 'x' },
    { figure: 'device busy', measured: 100 * middle(all, ({ busy }) => busy), goal: 95, atLeast: true, unit: '%' },
    { figure: `${CORES} workers against 1`, measured: ratio(all, one), goal: 0.95 * CORES, atLeast: true, unit: 'x' },
    { figure: 'rate with 80 prompts against 2', measured: ratio(many, few), goal: 0.95, atLeast: true, unit: 'x' },
    { figure: 'rate with twice the images', measured: ratio(twice, all), goal: 0.95, atLeast: true, unit: 'x' },
  ]);
}
