import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EMOJI, Running } from '../../../support/cli.js';
import { ROOT } from '../../../support/model/golden.js';
import { ENVIRONMENT, finish } from '../../support/command.js';
import { undisturbed } from '../../support/machine.js';
import { cpuSeconds } from '../../support/processes.js';
import { startRedis } from '../../support/redis.js';
import { printGoals, printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

const STUBS = 2;
const DETECTIONS = 10; // an image
const FOLDERS = 100;
const GOAL = 10_000; // images/s

/** 64 machines with 8 GPUs, each with about 100 images/s. */
const CLUSTER = { machines: 64, devices: 8, rate: 100 };

/** How many images a second go through one producer, one Redis and one journal, when workers answer at once? */
export async function queueScale({ folder, quick }: Bench): Promise<void> {
  const total = quick ? 20_000 : 100_000;
  const images = join(folder, 'scale-photos');
  await writeEmptyImages(images, total);
  const { result, others } = await undisturbed(async () => await measure({ folder, images, total }));
  const { seconds, producer, redis, stubs } = result;
  const rate = total / seconds;
  const row = (name: string, cpu: number) => {
    return [name, ((cpu * 1000) / total).toFixed(3), (cpu / seconds).toFixed(2), (total / cpu).toFixed(0)];
  };
  printTable(
    `${total} images with ${DETECTIONS} detections each through one Redis and one journal, ${STUBS} stub workers; ` +
      `${rate.toFixed(0)} images/s; others: ${others.toFixed(2)} CPUs taken by other processes`,
    ['process', 'CPU s per 1,000 images', 'CPUs', 'images/s of one core'],
    [row('run (queue, journal)', producer), row('Redis', redis), row('stub workers', stubs)],
  );
  printGoals([{ figure: 'images/s through the queue', measured: rate, goal: GOAL, atLeast: true, unit: '' }]);
  const { machines, devices, rate: each } = CLUSTER;
  const wanted = machines * devices * each;
  const limit = Math.min(total / producer, total / redis);
  const first = producer > redis ? 'the producer (one thread: results, checks, journal)' : 'the Redis (one thread)';
  process.stdout.write(
    `\nThe first bottleneck is ${first}: ${limit.toFixed(0)} images/s where each has a core of its own.\n` +
      `${machines} machines x ${devices} GPUs x ${each} images/s = ${wanted} images/s need ` +
      `${Math.ceil(wanted / limit)} such runs (--shard, each with its own Redis); ` +
      `one carries ${Math.floor(limit / (devices * each))} such machines.\n`,
  );
}

interface Task {
  readonly folder: string;
  readonly images: string;
  readonly total: number;
}

/** CPU seconds from the first image that is handed out to the last that is in the journal. */
async function measure({ folder, images, total }: Task) {
  await using redis = await startRedis(folder);
  const script = join(ROOT, 'test/bench/support/queue-stub.mjs');
  const stubs = Array.from({ length: STUBS }, () =>
    spawn(process.execPath, [script, String(redis.port), String(DETECTIONS)], { stdio: 'inherit' }),
  );
  const out = join(folder, 'scale-out');
  const args = ['run', images, ...EMOJI, '--out', out, '--format', 'coco', '--images', 'none', '--queue', redis.url];
  const running = new Running(args, { env: ENVIRONMENT });
  const pids = { producer: [running.child.pid!], redis: [redis.pid], stubs: stubs.map(({ pid }) => pid!) };
  const used = () => ({
    atMs: performance.now(),
    producer: cpuSeconds(pids.producer),
    redis: cpuSeconds(pids.redis),
    stubs: cpuSeconds(pids.stubs),
  });
  await untilPrinted(running, 'Images go to workers');
  const before = used();
  await untilPrinted(running, `${total} of ${total} images`);
  const after = used();
  await finish(running, out);
  return {
    seconds: (after.atMs - before.atMs) / 1000,
    producer: after.producer - before.producer,
    redis: after.redis - before.redis,
    stubs: after.stubs - before.stubs,
  };
}

async function untilPrinted(running: Running, text: string): Promise<void> {
  while (!running.stderr.includes(text)) {
    if (running.child.exitCode !== null) throw new Error(running.stderr);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Names that end in .jpg: stub workers open none. */
async function writeEmptyImages(folder: string, count: number): Promise<void> {
  for (let i = 0; i < FOLDERS; i++) await mkdir(join(folder, `camera-${i}`), { recursive: true });
  for (let i = 0; i < count; i++) {
    await writeFile(join(folder, `camera-${i % FOLDERS}`, `${String(i).padStart(8, '0')}.jpg`), `${i}`);
  }
}
