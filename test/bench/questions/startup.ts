import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { readOwlCheckpoint } from '../../support/model/owl.js';
import { buildImageGraph } from '../../../src/model/owl/graphs.js';
import { openSession } from '../../../src/model/session.js';
import { EMOJI, SCENES } from '../../support/cli.js';
import { FIXTURES, ROOT } from '../../support/model/golden.js';
import { fullSizeCheckpoint, VISION } from '../checkpoint/checkpoint.js';
import { finish, start, writeOntology } from '../support/command.js';
import { writePhotos } from '../support/images.js';
import { undisturbed } from '../support/machine.js';
import { median } from '../support/statistics.js';
import { printGoals, printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

const POLL_MS = 2;
const OPEN_PROCESS = join(ROOT, 'test/bench/support/open-process.mjs');
const COLUMNS = ['alone', 'open', 'ready', 'first', 'others'] as const;
type Seconds = [alone: number, open: number, ready: number, first: number];

/** A command whose start is measured. */
interface Case {
  readonly name: string;
  readonly images: readonly string[];
  readonly model: string;
  readonly folder: string; // of the model
  readonly ontology: string;
}

/** Seconds from the start of a process. */
interface Start {
  readonly ready: number; // the model is open, and the prompts are there
  readonly first: number; // the first result is in detections.jsonl
}

/** How long until the model is open, and until the first result is in detections.jsonl, when every cache is warm? */
export async function startup({ folder, quick }: Bench): Promise<void> {
  const model = await fullSizeCheckpoint();
  const photos = await writePhotos(join(folder, 'startup-photos'), 1);
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
  const seconds: number[][] = [];
  for (const each of cases) {
    await startSeconds(folder, each); // fills the caches
    const rounds: (Start & { open: number; alone: number; others: number })[] = [];
    for (let round = 0; round < (quick ? 3 : 7); round++) {
      const { result, others } = await undisturbed(async () => {
        const alone = await aloneSeconds(folder, each.folder);
        return { ...(await startSeconds(folder, each)), open: await openSeconds(each.folder), alone };
      });
      rounds.push({ ...result, others });
    }
    const middle = (key: (typeof COLUMNS)[number]) => median(rounds.map((round) => round[key]));
    rows.push([each.name, ...COLUMNS.map((key) => middle(key).toFixed(2))]);
    seconds.push(COLUMNS.map(middle));
  }
  printTable(
    'Seconds with warm caches. alone: a process that only loads ONNX Runtime and opens the graph;\n' +
      'open: that in a process that runs already; ready: our model is open, and prompts are there;\n' +
      'first: the first result is written',
    ['model', ...COLUMNS],
    rows,
  );
  const [[, , , emojiFirst], [fullAlone, fullOpen, fullReady]] = seconds as [Seconds, Seconds];
  printGoals([
    { figure: 'first result of builtin:emoji', measured: emojiFirst, goal: 0.7, atLeast: false, unit: 's' },
    {
      figure: `opening OWL-ViT base/32 at ${VISION.image} px`,
      measured: fullOpen,
      goal: 0.6,
      atLeast: false,
      unit: 's',
    },
    { figure: 'OWL-ViT base/32 ready', measured: fullReady, goal: 1.5 * fullAlone, atLeast: false, unit: 's' },
  ]);
}

/** The header is written when the workers are ready; the file has grown beyond it when an image is done. */
async function startSeconds(folder: string, { images, model, ontology }: Case): Promise<Start> {
  const begin = performance.now();
  const { running, out } = start({ folder, images, model, ontology, flags: ['--device', 'cpu'] });
  const finished = finish(running, out);
  const journal = join(out, 'detections.jsonl');
  let header = 0;
  let ready = NaN;
  const elapsed = () => (performance.now() - begin) / 1000;
  for (;;) {
    const size = await stat(journal).then(
      (found) => found.size,
      () => 0,
    );
    if (header > 0 && size > header) break;
    if (header === 0 && size > 0) ready = elapsed();
    header ||= size;
    await Promise.race([new Promise((resolve) => setTimeout(resolve, POLL_MS)), finished]); // a failure ends the wait
  }
  const first = elapsed();
  await finished;
  return { ready, first };
}

/** The same graph, opened by a process that does nothing else, from its start. */
async function aloneSeconds(folder: string, model: string): Promise<number> {
  const { graph, weightsFolder } = await graphOf(model);
  const path = join(folder, 'alone.onnx');
  await writeFile(path, graph);
  const begin = performance.now();
  const child = spawn(process.execPath, [OPEN_PROCESS, path, weightsFolder], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const seconds = (performance.now() - begin) / 1000;
  await once(child, 'exit');
  return seconds;
}

async function graphOf(folder: string) {
  const checkpoint = await readOwlCheckpoint(folder);
  const { image_size: side } = checkpoint.config.vision_config;
  const graph = buildImageGraph(checkpoint, { size: { height: side, width: side }, maxDetections: 300 });
  return { graph, weightsFolder: checkpoint.weightsFolder };
}

/** The same graph, opened by ONNX Runtime in a process that runs already. */
async function openSeconds(folder: string): Promise<number> {
  const { graph, weightsFolder } = await graphOf(folder);
  const begin = performance.now();
  const session = await openSession(graph, {
    device: { provider: 'cpu' },
    threads: 1,
    weightsFolder,
  });
  const seconds = (performance.now() - begin) / 1000;
  await session.release();
  return seconds;
}
