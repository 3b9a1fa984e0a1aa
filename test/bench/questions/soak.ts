import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EMOJI, SCENES } from '../../support/cli.js';
import { base64, scene, type TestServer } from '../../support/server.js';
import { ask, rateOf, startServer } from '../support/load.js';
import { openFiles, residentMegabytes } from '../support/processes.js';
import { slopeOf } from '../support/statistics.js';
import { printGoals, printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

const SAMPLE_MS = 1000;
const SHARE = 0.8; // of what it can do

/** What the processes held at a moment. */
interface Sample {
  readonly seconds: number;
  readonly parent: number; // MB
  readonly workers: number; // MB
  readonly files: number;
}

/**
 * Does the server grow in five minutes at 80 % load, with bad images, new prompts and clients that leave among
 * them?
 */
export async function soak({ quick }: Bench): Promise<void> {
  const seconds = quick ? 30 : 300;
  const files = (await readdir(SCENES)).filter((name) => name.endsWith('.jpg')).map((name) => join(SCENES, name));
  await using server = await startServer([...EMOJI, '--device', 'cpu']);
  const best = rateOf(await ask(server, { files, connections: 16, seconds: quick ? 5 : 20 }));
  const samples: Sample[] = [];
  const stop = new AbortController();
  const watching = watch(server, samples, stop.signal);
  const oddities = disturb(server, stop.signal);
  const answers = await ask(server, { files, connections: 16, seconds, rate: Math.floor(SHARE * best) });
  stop.abort();
  const [, disturbed] = await Promise.all([watching, oddities]);

  const later = samples.filter((sample) => sample.seconds > seconds / 5);
  const at = (share: number) => samples[Math.floor(share * (samples.length - 1))]!;
  printTable(
    `preannotate serve, builtin:emoji, ${rateOf(answers).toFixed(0)} of at most ${best.toFixed(0)} images/s ` +
      `for ${seconds} s; ` +
      `${disturbed} bad images, ontologies of requests and clients that left among them`,
    ['after s', 'server MB', 'workers MB', 'open files'],
    [0, 0.2, 0.4, 0.6, 0.8, 1].map(at).map(({ seconds: after, parent, workers, files: open }) => {
      return [after.toFixed(0), parent.toFixed(1), workers.toFixed(1), String(open)];
    }),
  );
  const failed = answers.errors + Object.entries(answers.milliseconds).filter(([status]) => status !== '200').length;
  printGoals([
    { figure: 'server grows', measured: slope(later, ({ parent }) => parent), goal: 1, atLeast: false, unit: 'MB/min' },
    {
      figure: 'workers grow',
      measured: slope(later, ({ workers }) => workers),
      goal: 1,
      atLeast: false,
      unit: 'MB/min',
    },
    {
      figure: 'open files grow',
      measured: slope(later, (sample) => sample.files),
      goal: 1,
      atLeast: false,
      unit: '/min',
    },
    { figure: 'requests that failed', measured: failed, goal: 0, atLeast: false, unit: '' },
  ]);
}

async function watch(server: TestServer, samples: Sample[], signal: AbortSignal): Promise<void> {
  const parent = server.running.child.pid!;
  const start = performance.now();
  while (!signal.aborted) {
    const workers = await server.running.workers();
    samples.push({
      seconds: (performance.now() - start) / 1000,
      parent: residentMegabytes([parent]),
      workers: residentMegabytes(workers),
      files: openFiles([parent, ...workers]),
    });
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  }
}

/** A few times a second what should leave nothing behind. @returns How often */
async function disturb(server: TestServer, signal: AbortSignal): Promise<number> {
  const good = await scene('scene-01.jpg');
  let count = 0;
  while (!signal.aborted) {
    count++;
    const ontology = { [`a thing of kind ${count}`]: 'thing' };
    const leaving = AbortSignal.timeout(5);
    await Promise.allSettled([
      server.post(good.slice(0, 500)),
      server.postJson('/predict', { image_base64: base64(good), ontology }),
      server.post(good, { signal: leaving }),
    ]);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return 3 * count;
}

/** A minute. */
function slope(samples: readonly Sample[], value: (sample: Sample) => number): number {
  return 60 * slopeOf(samples.map((sample) => [sample.seconds, value(sample)]));
}
