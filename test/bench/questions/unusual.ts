import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { EMOJI } from '../../support/cli.js';
import { FIXTURES, ROOT } from '../../support/model/golden.js';
import { Random } from '../../support/random.js';
import { startServer } from '../support/load.js';
import { residentMegabytes } from '../support/processes.js';
import { slopeOf } from '../support/statistics.js';
import { printGoals, printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

const MINUTES = 60;
const WARM_UP_SHARE = 0.25; // of the time; decoders and ONNX Runtime take their memory in it
const PAUSE_MS = 150; // between two images of a client: the question is how much stays, not how fast it goes
const CLIENTS = 2;
const SAMPLE_MS = 2000;
const CORPUS = join(ROOT, '..', 'shared', 'corpus'); // odd and hostile images of other projects, where it is there
const FORMATS = ['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const;

/** Do the workers of a server grow in an hour of images that are unlike each other: damaged, odd, of every size? */
export async function unusual({ quick }: Bench): Promise<void> {
  const seconds = quick ? 60 : MINUTES * 60;
  const files = [...(await listFiles(join(FIXTURES, 'damaged'))), ...(await listFiles(join(FIXTURES, 'tiff')))];
  const odd = [...files, ...(await listFiles(join(FIXTURES, 'raw'))), ...(await listFiles(CORPUS))];
  await using server = await startServer([...EMOJI, '--device', 'cpu', '--workers-per-device', '1']);
  const samples: { seconds: number; megabytes: number }[] = [];
  const start = performance.now();
  const passed = () => (performance.now() - start) / 1000;
  let [answered, refused] = [0, 0];
  const client = async (seed: number) => {
    const random = new Random(seed);
    while (passed() < seconds) {
      const bytes = random.chance(0.5) ? new Uint8Array(await readFile(random.oneOf(odd))) : await paint(random);
      const response = await server.post(bytes);
      if (response.ok) answered++;
      else refused++;
      await response.arrayBuffer();
      await sleep(PAUSE_MS);
    }
  };
  const watch = async () => {
    while (passed() < seconds) {
      samples.push({ seconds: passed(), megabytes: residentMegabytes(await server.running.workers()) });
      await sleep(SAMPLE_MS);
    }
  };
  await Promise.all([watch(), ...Array.from({ length: CLIENTS }, (_, seed) => client(seed + 1))]);
  const at = (share: number) => samples[Math.floor(share * (samples.length - 1))]!;
  printTable(
    `A worker of preannotate serve, builtin:emoji: ${answered} images answered and ${refused} refused in ` +
      `${(seconds / 60).toFixed(0)} min, of ${odd.length} odd files and pictures of random sizes and formats`,
    ['after min', 'worker MB'],
    [0, 0.1, 0.25, 0.5, 0.75, 1].map(at).map((one) => [(one.seconds / 60).toFixed(1), one.megabytes.toFixed(0)]),
  );
  const restarts = (await server.metrics('worker_restarts_total')).reduce((sum, one) => sum + one, 0);
  const later = samples.filter((one) => one.seconds > WARM_UP_SHARE * seconds);
  const grows = 60 * slopeOf(later.map((one) => [one.seconds, one.megabytes]));
  printGoals([
    {
      figure: 'the worker grows, after a quarter of the time',
      measured: grows,
      goal: 1,
      atLeast: false,
      unit: 'MB/min',
    },
    { figure: 'workers lost', measured: restarts, goal: 0, atLeast: false, unit: '' },
  ]);
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.sort();
}

/** A picture of any size and format, like no other. */
async function paint(random: Random): Promise<Uint8Array<ArrayBuffer>> {
  const side = () => 16 + random.below(2 ** (4 + random.below(9))); // 16 to 4096 px
  const create = { width: side(), height: side(), channels: 3 as const, background: { r: 90, g: 90, b: 90 } };
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 10 + random.below(60) };
  const format = random.oneOf(FORMATS);
  const picture = sharp({ create: { ...create, noise } });
  const encoded = format === 'avif' ? picture.avif({ effort: 0 }) : picture.toFormat(format);
  return new Uint8Array(await encoded.toBuffer());
}
