import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Queue } from 'bullmq';
import { onTestFinished } from 'vitest';
import { EMOJI, manyScenes, preannotate, Running, viewsOf } from '../support/cli.js';
import { ROOT } from '../support/model/golden.js';
import type { RedisServer } from '../support/system/redis.js';
import { temporaryFolder } from '../support/temporary.js';

/** A folder of images. */
export interface Photos {
  readonly folder: string; // of everything
  readonly images: string;
  readonly total: number;
  /** The views that a run on this machine makes of them. */
  readonly expected: () => Promise<Record<string, string>>;
}

/** By the number of copies: they are the same for all tests of a file, wherever the images are. */
const localViews = new Map<number, Promise<Record<string, string>>>();

/** @param given - Takes everything; default: one that goes with the test. */
export async function photosOf(copies: number, given?: string): Promise<Photos> {
  const folder = given ?? (await temporaryFolder());
  const images = join(folder, 'images');
  const total = await manyScenes(images, copies);
  const expected = () => {
    const views = localViews.get(copies) ?? annotateLocally({ folder, images });
    localViews.set(copies, views);
    return views;
  };
  return { folder, images, total, expected };
}

/** Annotates images on this machine, into `<folder>/local`. @returns The views */
export async function annotateLocally({
  folder,
  images,
}: Pick<Photos, 'folder' | 'images'>): Promise<Record<string, string>> {
  const local = join(folder, 'local');
  const { code, stderr } = await preannotate(['run', images, ...EMOJI, '--out', local, '--device', 'cpu']);
  if (code !== 0) throw new Error(stderr);
  return await viewsOf(local);
}

/** The arguments of a run through a queue. */
export function queueArgs({ images, folder }: Photos, url: string, out = 'out'): string[] {
  return ['run', images, ...EMOJI, '--out', join(folder, out), '--queue', url];
}

/** Makes a worker's processes load a file of test/faults first. */
export function withFault(name: string, env: NodeJS.ProcessEnv = {}): { env: NodeJS.ProcessEnv } {
  return { env: { ...env, NODE_OPTIONS: `--import=${pathToFileURL(join(ROOT, 'test/faults', name)).href}` } };
}

interface WorkerOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly prefix?: readonly string[];
}

/** Starts a worker with one process, which ends with the test. */
export function startWorker(url: string, root: string, { args = [], ...options }: WorkerOptions = {}): Running {
  return startBareWorker(url, { args: ['--root', root, ...args], ...options });
}

/** The same with nothing that it may read, but for what its arguments say. */
export function startBareWorker(url: string, { args = [], ...options }: WorkerOptions = {}): Running {
  const own = ['--device', 'cpu', '--workers-per-device', '1', '--threads', '1'];
  return end(new Running(['worker', '--queue', url, ...own, ...args], options));
}

/** The queue of the only run in a Redis. */
export async function onlyQueue(redis: RedisServer) {
  const [[id, text]] = Object.entries(await redis.client().hgetall('preannotate:runs')) as [[string, string]];
  const { key } = JSON.parse(text) as { key: string };
  const connection = { host: '127.0.0.1', port: redis.port };
  const queue = new Queue(`${id}-${key.slice(0, 16)}`, { connection, prefix: 'preannotate' });
  onTestFinished(() => queue.close());
  return { id, key, queue };
}

/** A command that ends with the test, if not before. */
export function end(running: Running): Running {
  onTestFinished(() => void running.child.kill('SIGKILL'));
  return running;
}

/** Waits until a running command has printed something. */
export async function untilPrinted(running: Running, pattern: RegExp): Promise<void> {
  while (!pattern.test(running.stderr)) {
    if (running.child.exitCode !== null) throw new Error(`It ended without ${String(pattern)}:\n${running.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
