import { createReadStream, existsSync } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import type { RunManifest } from '../../../../src/run/manifest.js';
import { EMOJI, Running } from '../../../support/cli.js';
import { ENVIRONMENT } from '../../support/command.js';
import { cpuSeconds } from '../../support/processes.js';
import { printGoals, printTable } from '../../support/table.js';
import { CACHE, type Bench } from '../../support/workspace.js';
import { generateImages } from './generate-images.js';
import { generateJournal } from './generate-journal.js';
import { measureJournal } from './measure-journal.js';

const SAMPLE_MS = 100;
const VIEWS = 'coco,yolo';

/** One command, until it has ended. */
interface Measured {
  readonly seconds: number;
  readonly cpu: number; // seconds of the parent alone
  readonly workers: number; // seconds of its workers
  readonly peakMb: number; // of the parent
}

/** What does a run cost beside its images when there are many: memory, time, and what is written again? */
export async function scale({ folder, quick }: Bench): Promise<void> {
  const [few, many] = quick ? [500, 2000] : [10_000, 100_000];
  const rows: [string, Measured][] = [];
  const measure = async (name: string, args: readonly string[]) => {
    const measured = await measureCommand(args);
    rows.push([name, measured]);
    return measured;
  };
  const runs: Record<number, { first: Measured; out: string; manifest: RunManifest; args: string[] }> = {};
  for (const count of [few, many]) {
    const images = join(CACHE, `scale-${count}`);
    await mkdir(CACHE, { recursive: true });
    await generateImages(images, count);
    const out = join(folder, `scale-${count}`);
    const args = ['run', images, ...EMOJI, '--out', out, '--device', 'cpu', '--workers-per-device', '1'];
    const first = await measure(`run, ${count} images`, args);
    runs[count] = {
      first,
      out,
      args,
      manifest: JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as RunManifest,
    };
  }
  const { out, args, first, manifest } = runs[many]!;
  const resumed = await measure(`the same run again, ${many} images`, args);
  const before = await stampsBelow(out);
  const exported = await measure(`export that changes nothing, ${many} images`, ['export', out]);
  const after = await stampsBelow(out);
  const rewritten = Object.keys(before).filter((path) => before[path] !== after[path]);
  const viewless = await copyWithoutViews(out);
  const written = await measure(`export that writes all views, ${many} images`, [
    'export',
    viewless,
    '--format',
    VIEWS,
  ]);
  const journalSeconds = await measureJournal(out, folder);
  const two = [...args.slice(0, -1), '2', '--out', `${out}-two`];
  await measure(`run with two workers, ${many} images`, two);
  const twoManifest = JSON.parse(await readFile(join(`${out}-two`, 'run.json'), 'utf8')) as RunManifest;
  const lines = quick ? 20_000 : 1_000_000;
  const large: Measured[] = [];
  for (const count of [lines / 10, lines]) {
    const run = join(folder, `large-${count}`);
    await generateJournal(out, run, count);
    const root = ['--images', 'none', '--images-root', join(CACHE, `scale-${few}`)];
    large.push(await measure(`export of ${count} generated lines`, ['export', run, '--format', VIEWS, ...root]));
  }

  printTable(
    'Commands at scale (builtin:emoji): CPU of the parent alone, and of its workers',
    ['command', 'wall, s', 'parent CPU, s', 'workers CPU, s', 'peak of the parent, MB'],
    rows.map(([name, { seconds, cpu, workers, peakMb }]) => [
      name,
      ...[seconds, cpu, workers].map((value) => value.toFixed(1)),
      peakMb.toFixed(0),
    ]),
  );
  const rateOf = ({ timings }: RunManifest) => timings['images_per_second'] ?? NaN;
  const viewSeconds = ((manifest.timings['total_ms'] ?? NaN) - (manifest.timings['images_ms'] ?? NaN)) / 1000;
  process.stdout.write(
    `\nOf a first run of ${many} images, ${viewSeconds.toFixed(1)} s of ${first.seconds.toFixed(1)} s are before and ` +
      `after its images: listing, start of workers and views. ${await countLines(out)} lines in the journal.\n` +
      `Two workers: ${rateOf(twoManifest).toFixed(1)} images/s; one: ${rateOf(manifest).toFixed(1)} images/s.\n` +
      `Rewritten by the export: ${rewritten.length === 0 ? 'nothing' : rewritten.slice(0, 5).join(', ')}.\n`,
  );
  const firstCpu = first.cpu + first.workers;
  const slope = ((large[1]!.peakMb - large[0]!.peakMb) * 1e6) / (lines * 0.9);
  const growth = first.peakMb - runs[few]!.first.peakMb;
  printGoals([
    { figure: `growth of the parent, ${few} to ${many}`, measured: growth, goal: 50, atLeast: false, unit: 'MB' },
    { figure: `peak of the parent, ${many}`, measured: first.peakMb, goal: 250, atLeast: false, unit: 'MB' },
    {
      figure: `journal (${journalSeconds.toFixed(1)} s) and views (a whole export), of the CPU of a run`,
      measured: ((journalSeconds + written.cpu) / firstCpu) * 100,
      goal: 2,
      atLeast: false,
      unit: '%',
    },
    {
      figure: 'finding out that neither images nor views have changed (a whole run again), of the CPU of a run',
      measured: (resumed.cpu / firstCpu) * 100,
      goal: 1,
      atLeast: false,
      unit: '%',
    },
    { figure: `memory an image, export of ${lines} lines`, measured: slope, goal: 300, atLeast: false, unit: 'bytes' },
    {
      figure: 'two workers against one (a core each)',
      measured: rateOf(twoManifest) / rateOf(manifest),
      goal: 1.9,
      atLeast: true,
      unit: 'x',
    },
    { figure: 'the same run again', measured: resumed.seconds, goal: 10, atLeast: false, unit: 's' },
    { figure: 'export that changes nothing', measured: exported.seconds, goal: 10, atLeast: false, unit: 's' },
    { figure: 'files rewritten by it', measured: rewritten.length, goal: 0, atLeast: false, unit: 'files' },
  ]);
}

async function measureCommand(args: readonly string[]): Promise<Measured> {
  const startMs = performance.now();
  const running = new Running([...args, '--quiet'], { env: ENVIRONMENT });
  const pid = running.child.pid!;
  const cpu = new Map<number, number>();
  let peakMb = 0;
  const finished = running.finished();
  const sampleLater = () => new Promise<undefined>((resolve) => void setTimeout(resolve, SAMPLE_MS, undefined));
  do {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    peakMb = Math.max(peakMb, (Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024) / 1e6);
    for (const each of [pid, ...(await running.workers())])
      if (existsSync(`/proc/${each}/stat`)) cpu.set(each, secondsOf(each) ?? cpu.get(each) ?? 0);
  } while ((await Promise.race([sampleLater(), finished])) === undefined);
  const { code, stderr } = await finished;
  if (code !== 0) throw new Error(`preannotate ended with ${String(code)}: ${stderr}`);
  const own = cpu.get(pid) ?? NaN;
  const all = [...cpu.values()].reduce((sum, each) => sum + each, 0);
  return { seconds: (performance.now() - startMs) / 1000, cpu: own, workers: all - own, peakMb };
}

/** The same run, whose views are still to be written. */
async function copyWithoutViews(out: string): Promise<string> {
  const copy = `${out}-copy`;
  const state = join('.preannotate', 'images.jsonl');
  await mkdir(join(copy, '.preannotate'), { recursive: true });
  for (const name of ['detections.jsonl', 'run.json', 'errors.jsonl', 'classes.json', state])
    await copyFile(join(out, name), join(copy, name));
  return copy;
}

/** Undefined for a process that has just ended. */
function secondsOf(pid: number): number | undefined {
  try {
    return cpuSeconds([pid]);
  } catch {
    return undefined;
  }
}

/** Of every file of a run's views, what a rewrite would change. */
async function stampsBelow(out: string): Promise<Record<string, string>> {
  const stamps: Record<string, string> = {};
  for (const view of ['coco', 'yolo']) {
    for (const entry of await readdir(join(out, view), { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      const path = join(entry.parentPath, entry.name);
      const { ino, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
      stamps[path] = `${ino} ${mtimeNs} ${ctimeNs}`;
    }
  }
  return stamps;
}

async function countLines(out: string): Promise<number> {
  let lines = 0;
  for await (const _ of createInterface(createReadStream(join(out, 'detections.jsonl')))) lines++;
  return lines - 1;
}
