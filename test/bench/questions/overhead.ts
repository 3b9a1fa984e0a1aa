import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { FIXTURES } from '../../support/model/golden.js';
import type { TestServer } from '../../support/server.js';
import { writeOntology } from '../support/command.js';
import { ask, percentile, rateOf, startServer, type Answers } from '../support/load.js';
import { undisturbed } from '../support/machine.js';
import { cpuSeconds } from '../support/processes.js';
import { median } from '../support/statistics.js';
import { printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

const CLIENTS = [1, 64];
const TRIVIAL = ['--model', join(FIXTURES, 'models/owlvit-tiny'), '--device', 'cpu'];
const IDLE_SEC = 10;

/** What does the server add to each request, with a model that takes next to no time? What does it use while idle? */
export async function overhead({ folder, quick }: Bench): Promise<void> {
  const image = join(folder, 'small.jpg');
  await sharp({ create: { width: 64, height: 64, channels: 3, background: 'grey' } }).toFile(image);
  const bytes = await readBytes(image);
  const amount = quick ? 500 : 5000;
  const ontology = await writeOntology(folder, 1);
  const { result, others } = await undisturbed(async () => {
    await using server = await startServer([...TRIVIAL, '--ontology', ontology, '--queue-items', '128']);
    const served = new Map<number, Answers>();
    for (const connections of CLIENTS) {
      await ask(server, { files: [image], connections, amount: 100 });
      served.set(connections, await ask(server, { files: [image], connections, amount }));
    }
    const stages = await stagesOf(server, bytes, 200);
    return { served, stages, idle: await idleShare(server) };
  });
  const bare = await bareServer(image, amount);
  const row = (name: string, answers: ReadonlyMap<number, Answers>) =>
    CLIENTS.map((clients) => {
      const own = answers.get(clients)!;
      const late = (share: number) => percentile(own.milliseconds['200'] ?? [], share).toFixed(2);
      return [name, String(clients), rateOf(own).toFixed(0), late(0.5), late(0.95), late(0.99)];
    });
  printTable(
    `POST /predict with a trivial model and a 64x64 JPEG; others: ${others.toFixed(2)} CPUs taken by other processes`,
    ['server', 'clients', 'requests/s', 'p50 ms', 'p95', 'p99'],
    [...row('preannotate serve', result.served), ...row('node:http that reads the body', bare)],
  );
  const { total, work } = result.stages;
  process.stdout.write(
    `\nOf ${total.toFixed(2)} ms (median, one client) ${work.toFixed(2)} ms are decoding and the model: ` +
      `${(total - work).toFixed(2)} ms are overhead.\n` +
      `Idle, server and workers take ${(100 * result.idle).toFixed(2)} % of a CPU.\n`,
  );
}

async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(await sharp(path).jpeg().toBuffer());
}

/** Medians of whole requests, and of the decoding and computing that the worker reports for them. */
async function stagesOf(server: TestServer, bytes: Uint8Array<ArrayBuffer>, count: number) {
  const totals: number[] = [];
  const works: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    const response = await server.post(bytes);
    await response.arrayBuffer();
    totals.push(performance.now() - start);
    const timing = response.headers.get('server-timing') ?? '';
    const stages = [...timing.matchAll(/(decode|infer);dur=([\d.]+)/g)];
    works.push(stages.reduce((sum, [, , ms]) => sum + Number(ms), 0));
  }
  return { total: median(totals), work: median(works) };
}

async function idleShare(server: TestServer): Promise<number> {
  const pids = [server.running.child.pid!, ...(await server.running.workers())];
  const before = cpuSeconds(pids);
  await new Promise((resolve) => setTimeout(resolve, IDLE_SEC * 1000));
  return (cpuSeconds(pids) - before) / IDLE_SEC;
}

/** The least that a server in Node can do with the same requests. */
async function bareServer(image: string, amount: number): Promise<Map<number, Answers>> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{"boxes":[]}'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answers = new Map<number, Answers>();
  for (const connections of CLIENTS)
    answers.set(connections, await ask({ url }, { files: [image], connections, amount }));
  server.close();
  return answers;
}
