import { join } from 'node:path';
import { fullSizeCheckpoint } from '../../checkpoint/checkpoint.js';
import type { ShapeName } from '../../checkpoint/shapes.js';
import { findMissing, programPath, PythonProcess } from '../../peer/python.js';
import { annotate, CORES, promptsOf, writeOntology } from '../../support/command.js';
import { writePhotos } from '../../support/images.js';
import { undisturbed } from '../../support/machine.js';
import { median } from '../../support/statistics.js';
import { printGoals, printTable, type GoalRow } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

const PROMPTS = 2; // torch encodes them again for every image: few favour it
const BATCHES = [1, 4, 8];
const DTYPES = ['float32', 'bfloat16'] as const;

/** A model, and by how much it is to be faster than torch. */
interface Comparison {
  readonly shape: ShapeName;
  readonly images: number;
  readonly goals: { readonly fp32: number; readonly int8: number };
}

const COMPARISONS: readonly Comparison[] = [
  { shape: 'owlvit-base-patch32', images: 32 * CORES, goals: { fp32: 1.18, int8: 1.6 } },
  { shape: 'owlv2-base-patch16', images: 4 * CORES, goals: { fp32: 1.25, int8: 1 } },
];

type Rates = ReadonlyMap<string, readonly number[]>; // images/s of each round, by setting

/** How much faster is `preannotate run` than transformers with torch: the same files, weights and cores, in turns? */
export async function torch({ folder, quick }: Bench): Promise<void> {
  const missing = await findMissing(['torch', 'transformers', 'PIL']);
  if (missing !== undefined) {
    process.stdout.write(`\ntorch: ${missing}\n`);
    return;
  }
  for (const comparison of COMPARISONS) await compare(comparison, { folder, quick });
}

async function compare({ shape, images, goals }: Comparison, { folder, quick }: Omit<Bench, 'abortShare'>) {
  const model = await fullSizeCheckpoint(shape);
  const photos = await writePhotos(join(folder, `${shape}-photos`), quick ? 4 * CORES : images);
  const ontology = await writeOntology(folder, PROMPTS);
  await using peer = new PythonProcess([programPath('torch-process.py'), model, String(CORES)]);
  const { versions } = (await peer.read()) as { versions: string };
  const prompts = await promptsOf(PROMPTS);
  const batches = quick ? BATCHES.slice(0, 2) : BATCHES;
  const rateOfTorch = async (dtype: string, batch: number) => {
    const own = photos.slice(0, quick ? 2 * batch : 2 * Math.max(batch, 4));
    const { seconds } = (await peer.ask({ images: own, prompts, batch, dtype })) as { seconds: number[] };
    return own.length / seconds.reduce((sum, one) => sum + one, 0);
  };
  const ours = async (precision: string, count = photos.length) => {
    const flags = ['--device', 'cpu', '--precision', precision];
    const { timings } = await annotate({ folder, images: photos.slice(0, count), model, ontology, flags });
    return timings['images_per_second']!;
  };
  const settings = new Map<string, () => Promise<number>>([
    ...['fp32', 'int8'].map((precision) => [`preannotate ${precision}`, () => ours(precision)] as const),
    ...DTYPES.flatMap((dtype) =>
      batches.map((batch) => [`torch ${dtype}, batch ${batch}`, () => rateOfTorch(dtype, batch)] as const),
    ),
  ]);
  for (const precision of ['fp32', 'int8']) await ours(precision, 1); // fills the caches
  for (const dtype of DTYPES) await peer.ask({ images: photos.slice(0, 1), prompts, batch: 1, dtype });
  const rates = new Map([...settings.keys()].map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const [name, measure] of settings) rates.get(name)!.push((await undisturbed(measure)).result);
  }
  report({ title: `${shape}, 1280x960 JPEGs, ${PROMPTS} prompts, ${CORES} cores for each; ${versions}`, rates }, goals);
}

function report({ title, rates }: { title: string; rates: Rates }, goals: Comparison['goals']): void {
  const rows = [...rates].map(([name, all]) => [name, median(all).toFixed(2), Math.min(...all).toFixed(2)]);
  printTable(title, ['', 'images/s', 'slowest'], rows);
  const best = (dtype: string) =>
    Math.max(...[...rates].filter(([name]) => name.startsWith(`torch ${dtype}`)).map(([, all]) => median(all)));
  const goal = (precision: 'fp32' | 'int8', dtype: string): GoalRow => ({
    figure: `${precision} against torch's best ${dtype}`,
    measured: median(rates.get(`preannotate ${precision}`)!) / best(dtype),
    goal: goals[precision],
    atLeast: true,
    unit: 'x',
  });
  printGoals([goal('fp32', 'float32'), goal('int8', 'bfloat16')]);
}
