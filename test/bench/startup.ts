import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { readCheckpoint } from '../../src/model/checkpoint.js';
import { imageGraph } from '../../src/model/owlvit.js';
import { openSession } from '../../src/model/session.js';
import { EMOJI, SCENES } from '../support/cli.js';
import { FIXTURES } from '../support/golden.js';
import { fullSizeCheckpoint, VISION } from './checkpoint.js';
import { finish, start, writeOntology } from './command.js';
import { writePhotos } from './images.js';
import { undisturbed } from './machine.js';
import { median } from './statistics.js';
import { printGoals, printTable } from './table.js';
import type { Bench } from './workspace.js';

const POLL_MS = 2;

/** A command whose start is measured. */
interface Case {
  readonly name: string;
  readonly images: readonly string[];
  readonly model: string;
  readonly folder: string; // of the model
  readonly ontology: string;
}

/** How long from the start of the process to the first result in detections.jsonl, when every cache is warm? */
export async function startup({ folder, quick }: Bench): Promise<void> {
  const model = await fullSizeCheckpoint();
  const photos = await writePhotos(join(folder, 'startup-photos'), 2);
  const cases: Case[] = [
    {
      name: 'builtin:emoji',
      images: [join(SCENES, 'scene-01.jpg')],
      model: 'builtin:emoji',
      folder: join(FIXTURES, 'models', 'owlvit-emoji'),
      ontology: EMOJI[3]!,
    },
    { name: 'OWL-ViT base/32, fp32', images: photos, model, folder: model, ontology: await writeOntology(folder, 20) },
  ];
  const rows: string[][] = [];
  const seconds: number[] = [];
  for (const each of cases) {
    await firstResultSeconds(folder, each); // fills the caches
    const rounds: { first: number; open: number; others: number }[] = [];
    for (let round = 0; round < (quick ? 3 : 7); round++) {
      const { result, others } = await undisturbed(async () => {
        return { first: await firstResultSeconds(folder, each), open: await openSeconds(each.folder) };
      });
      rounds.push({ ...result, others });
    }
    const middle = (key: 'first' | 'open' | 'others') => median(rounds.map((round) => round[key]));
    rows.push([each.name, ...(['first', 'open', 'others'] as const).map((key) => middle(key).toFixed(2))]);
    seconds.push(middle('first'), middle('open'));
  }
  printTable(
    'Seconds with warm caches',
    ['model', 'to the first result', 'ONNX Runtime opens the graph', 'others'],
    rows,
  );
  const [emojiFirst, , , fullOpen] = seconds as [number, number, number, number];
  printGoals([
    { figure: 'first result of builtin:emoji', measured: emojiFirst, goal: 0.7, atLeast: false, unit: 's' },
    {
      figure: `opening OWL-ViT base/32 at ${VISION.image} px`,
      measured: fullOpen,
      goal: 0.6,
      atLeast: false,
      unit: 's',
    },
  ]);
}

/** The header is written first; the file has grown beyond it when an image is done. */
async function firstResultSeconds(folder: string, { images, model, ontology }: Case): Promise<number> {
  const begin = performance.now();
  const { running, out } = start({ folder, images, model, ontology, flags: ['--device', 'cpu'] });
  const finished = finish(running, out);
  const journal = join(out, 'detections.jsonl');
  let header = 0;
  for (;;) {
    const size = await stat(journal).then(
      (found) => found.size,
      () => 0,
    );
    if (header > 0 && size > header) break;
    header ||= size;
    await Promise.race([new Promise((resolve) => setTimeout(resolve, POLL_MS)), finished]); // a failure ends the wait
  }
  const seconds = (performance.now() - begin) / 1000;
  await finished;
  return seconds;
}

/** What no start can be faster than: the same graph, opened by ONNX Runtime in a process that runs already. */
async function openSeconds(folder: string): Promise<number> {
  const checkpoint = await readCheckpoint(folder);
  const { image_size: side } = checkpoint.config.vision_config;
  const graph = imageGraph(checkpoint, { size: { height: side, width: side }, maxDetections: 300 });
  const begin = performance.now();
  const session = await openSession(graph, {
    device: { provider: 'cpu' },
    threads: 1,
    weightsFolder: checkpoint.weightsFolder,
  });
  const seconds = (performance.now() - begin) / 1000;
  await session.release();
  return seconds;
}
