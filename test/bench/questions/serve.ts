import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestServer } from '../../support/server.js';
import { EMOJI } from '../../support/cli.js';
import { fullSizeCheckpoint } from '../checkpoint/checkpoint.js';
import { annotate, CORES, writeOntology } from '../support/command.js';
import { copyMany, writePhotos } from '../support/images.js';
import {
  ask,
  askingShareOf,
  percentile,
  rateOf,
  rateWithoutAsking,
  startServer,
  type Answers,
} from '../support/load.js';
import { undisturbed } from '../support/machine.js';
import { median } from '../support/statistics.js';
import { printGoals, printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

const CLIENTS = [1, 8, 64];

/** A model, and how it is run by both. */
interface Setting {
  readonly name: string;
  readonly model: string;
  readonly ontology: string;
  readonly flags: readonly string[];
  readonly requests: Readonly<Record<number, number>>; // by number of clients
}

/** What one round of a setting came to. */
interface Round {
  readonly run: number; // images a second of the batch run
  readonly answers: ReadonlyMap<number, Answers>; // by number of clients
  readonly batch: number; // mean batch size with the most clients
  readonly others: number;
}

/**
 * How many images a second does the server answer, how soon, and how much slower is it than a batch run of them?
 *
 * The process that asks runs on the cores of the server, and a batch run has no such process, so the goals are for the
 * rate without its share: images/s / (1 - CPU seconds that asking took / (seconds * cores)).
 */
export async function serve({ folder, quick }: Bench): Promise<void> {
  const photos = await writePhotos(join(folder, 'serve-photos'), 16 * CORES);
  const settings = await settingsOf(folder, quick);
  const rounds = new Map<Setting, Round[]>(settings.map((setting) => [setting, []]));
  for (let round = 0; round < (quick ? 1 : 2); round++) {
    for (const setting of settings) rounds.get(setting)!.push(await roundOf(setting, { folder, photos }));
  }
  report(rounds);
}

async function settingsOf(folder: string, quick: boolean): Promise<Setting[]> {
  const flags = ['--device', 'cpu', '--precision', 'fp32'];
  const full = { model: await fullSizeCheckpoint(), ontology: await writeOntology(folder, 20) };
  const emoji = { model: 'builtin:emoji', ontology: EMOJI[3]! };
  const few = quick ? { 1: 4, 8: 16, 64: 64 } : { 1: 8, 8: 32, 64: 64 };
  const many = quick ? { 1: 50, 8: 200, 64: 400 } : { 1: 100, 8: 300, 64: 600 };
  return [
    { name: 'OWL-ViT base/32', ...full, flags, requests: few },
    { name: 'OWL-ViT base/32, batches of 8', ...full, flags: [...flags, '--max-batch-size', '8'], requests: few },
    { name: 'builtin:emoji', ...emoji, flags, requests: many },
    { name: 'builtin:emoji, batches of 8', ...emoji, flags: [...flags, '--max-batch-size', '8'], requests: many },
  ];
}

async function roundOf(
  { model, ontology, flags, requests }: Setting,
  { folder, photos }: { folder: string; photos: readonly string[] },
): Promise<Round> {
  const images = [await copyMany(photos, requests[64]!, join(await mkdtemp(join(folder, 'round-')), 'photos'))];
  const { result, others } = await undisturbed(async () => {
    const manifest = await annotate({ folder, images, model, ontology, flags });
    const args = ['--model', model, '--ontology', ontology, '--queue-items', '128', '--timeout-sec', '600', ...flags];
    await using server = await startServer(args);
    // Warm, as a run is when its first image is done.
    await ask(server, { files: photos, connections: CORES, amount: 2 * CORES });
    const answers = new Map<number, Answers>();
    let batch = NaN;
    for (const connections of CLIENTS) {
      const before = await batchesOf(server);
      answers.set(connections, await ask(server, { files: photos, connections, amount: requests[connections]! }));
      const after = await batchesOf(server);
      batch = (after.images - before.images) / (after.count - before.count);
    }
    return { run: manifest.timings['images_per_second'] ?? NaN, answers, batch };
  });
  return { ...result, others };
}

async function batchesOf(server: TestServer): Promise<{ images: number; count: number }> {
  return { images: await server.metric('batch_size_sum'), count: await server.metric('batch_size_count') };
}

function report(rounds: ReadonlyMap<Setting, readonly Round[]>): void {
  const rows = [...rounds].flatMap(([{ name }, all]) => {
    const middle = (value: (round: Round) => number) => median(all.map(value));
    const run = [name, 'batch run', middle(({ run }) => run).toFixed(2), '', '', '', '', '', '', ''];
    const served = CLIENTS.map((clients) => {
      const of = (value: (answers: Answers) => number) => middle(({ answers }) => value(answers.get(clients)!));
      const late = (share: number) => of((answers) => percentile(answers.milliseconds['200'] ?? [], share)).toFixed(0);
      const lost = of(({ sent, milliseconds }) => sent - (milliseconds['200'] ?? []).length);
      return [
        '',
        `${clients} clients`,
        of((answers) => rateOf(answers)).toFixed(2),
        `${(100 * of(askingShareOf)).toFixed(1)} %`,
        of((answers) => rateWithoutAsking(answers)).toFixed(2),
        late(0.5),
        late(0.95),
        late(0.99),
        lost.toFixed(0),
      ];
    });
    return [run, ...served.map((row) => [...row, middle(({ others }) => others).toFixed(2)])];
  });
  const title =
    'preannotate serve, 1280x960 JPEGs as bodies, asked from another process. p50 to p99: ms of a request; ' +
    'lost: without a 200.\n' +
    'asking: what the other process took of all cores; without: images/s / (1 - asking)';
  printTable(title, ['setting', '', 'images/s', 'asking', 'without', 'p50', 'p95', 'p99', 'lost', 'others'], rows);
  printGoals(
    [...rounds].flatMap(([{ name, flags }, all]) => {
      const ratio = median(all.map(({ run, answers }) => rateWithoutAsking(answers.get(64)!) / run));
      const throughput = {
        figure: `${name}: 64 clients, without asking, against the run`,
        measured: ratio,
        goal: 0.95,
        atLeast: true,
        unit: 'x',
      };
      if (!flags.includes('--max-batch-size')) return [throughput];
      const batch = median(all.map((round) => round.batch));
      return [
        throughput,
        { figure: `${name}: mean batch`, measured: batch, goal: 0.8 * 8, atLeast: true, unit: 'images' },
      ];
    }),
  );
}
