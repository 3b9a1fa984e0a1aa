import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunManifest } from '../../../src/run/manifest.js';
import { EMOJI, SCENES } from '../../support/cli.js';
import { fullSizeCheckpoint } from '../checkpoint/checkpoint.js';
import { CORES, finish, start, writeOntology, type Annotation } from '../support/command.js';
import { copyMany, writePhotos } from '../support/images.js';
import { printGoals, printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

const SAMPLE_MS = 50;
const SOME_IMAGES = 1000;

/** Peak resident memory, in GB of 1e9 bytes. */
interface Peak {
  readonly parent: number;
  readonly workers: readonly number[];
  readonly manifest: RunManifest;
}

/** How much memory do workers and parent need, and does it grow with the number of images? */
export async function memory({ folder, quick }: Bench): Promise<void> {
  const model = await fullSizeCheckpoint();
  const photos = await writePhotos(join(folder, 'memory-photos'), (quick ? 2 : 6) * CORES);
  const flags = ['--device', 'cpu', '--precision', 'fp32'];
  const full = await peakOf({ folder, images: photos, model, ontology: await writeOntology(folder, 20), flags });
  const emoji = { folder, model: 'builtin:emoji', ontology: EMOJI[3]!, flags: ['--device', 'cpu'] };
  const names = (await readdir(SCENES)).filter((name) => /\.(jpg|png|webp)$/.test(name));
  const scenes = names.map((name) => join(SCENES, name));
  const many = quick ? 2 * SOME_IMAGES : 10 * SOME_IMAGES;
  const before = await peakOf({ ...emoji, images: [await copyMany(scenes, SOME_IMAGES, join(folder, 'some'))] });
  const after = await peakOf({ ...emoji, images: [await copyMany(scenes, many, join(folder, 'many'))] });
  const row = (name: string, { parent, workers }: Peak) => [
    name,
    parent.toFixed(2),
    workers.map((size) => size.toFixed(2)).join(' '),
  ];
  printTable(
    'Peak resident memory, GB',
    ['run', 'parent', 'workers'],
    [
      row(`OWL-ViT base/32, fp32, ${photos.length} photos`, full),
      row(`builtin:emoji, ${SOME_IMAGES} small images`, before),
      row(`builtin:emoji, ${many} small images`, after),
    ],
  );
  const perImage = ((after.parent - before.parent) * 1e6) / (many - SOME_IMAGES);
  process.stdout.write(`\nEach further image takes ${perImage.toFixed(2)} kB of the parent's memory.\n`);
  printGoals([
    { figure: 'peak of a worker, fp32', measured: Math.max(...full.workers), goal: 0.55, atLeast: false, unit: 'GB' },
  ]);
}

/** The system remembers each process's peak; it is read until the process has gone. */
export async function peakOf(annotation: Annotation): Promise<Peak> {
  const { running, out } = start(annotation);
  const peaks = new Map<number, number>();
  const parent = running.child.pid!;
  const finished = finish(running, out);
  const sampleLater = () => new Promise<undefined>((resolve) => void setTimeout(resolve, SAMPLE_MS, undefined));
  do {
    for (const pid of [parent, ...(await running.workers())]) {
      peaks.set(pid, (await peakBytes(pid)) ?? peaks.get(pid) ?? 0);
    }
  } while ((await Promise.race([sampleLater(), finished])) === undefined);
  const { [parent]: ofParent = NaN, ...ofWorkers } = Object.fromEntries(peaks);
  const workers = Object.values(ofWorkers).map((bytes) => bytes / 1e9);
  return { parent: ofParent / 1e9, workers, manifest: await finished };
}

async function peakBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''); // it has just ended
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
