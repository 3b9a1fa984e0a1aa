import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeImage } from '../../../src/images/decode.js';
import { perceptualHash } from '../../../src/images/similarity/perceptual-hash.js';
import { EMOJI, SCENES } from '../../support/cli.js';
import { fullSizeCheckpoint } from '../checkpoint/checkpoint.js';
import { annotate, CORES, writeOntology } from '../support/command.js';
import { writePhotos } from '../support/images.js';
import { printGoals, printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

const ROUNDS = 200;
const LIMITS = { maxPixels: 1e8, strict: false };

/** What share of a run's CPU time are the perceptual hashes of its images? */
export async function similarity({ folder, quick }: Bench): Promise<void> {
  const photos = await writePhotos(join(folder, 'similarity'), quick ? CORES : 8 * CORES);
  const names = (await readdir(SCENES)).filter((name) => /^scene-.*\.(?:jpg|png|webp)$/.test(name));
  const scenes = names.map((name) => join(SCENES, name));
  const ontology = await writeOntology(folder, 20);
  const full = { images: photos, model: await fullSizeCheckpoint(), ontology };
  const small = { images: scenes, model: EMOJI[1]!, ontology: EMOJI[3]! };
  const cases = [
    { name: 'OWL-ViT base/32, 1280x960', ...full },
    { name: 'builtin:emoji, small scenes', ...small },
  ];
  const rows: string[][] = [];
  const shares: number[] = [];
  for (const { name, ...run } of cases) {
    const flags = ['--device', 'cpu', '--workers-per-device', String(CORES), '--threads', '1'];
    const { timings } = await annotate({ folder, ...run, flags });
    const workerMs = ['read', 'decode', 'resize', 'infer'].reduce((sum, stage) => sum + timings[`${stage}_ms`]!, 0);
    const imageMs = workerMs / run.images.length;
    const hashMs = await measureHash(run.images[0]!);
    shares.push(hashMs / imageMs);
    rows.push([name, imageMs.toFixed(1), hashMs.toFixed(3), `${((100 * hashMs) / imageMs).toFixed(2)} %`]);
  }
  printTable('Perceptual hashes', ['run', 'ms of a worker an image', 'ms of a hash', 'share'], rows);
  const goal = { figure: 'share of a run with a model of full size', goal: 1, atLeast: false, unit: '%' };
  printGoals([{ ...goal, measured: 100 * shares[0]! }]);
}

async function measureHash(path: string): Promise<number> {
  const decoded = await decodeImage(await readFile(path), LIMITS);
  for (let round = 0; round < ROUNDS; round++) perceptualHash(decoded); // until it is compiled
  const before = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) perceptualHash(decoded);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / ROUNDS;
}
