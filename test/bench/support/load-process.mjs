// Asks a server from a process of its own: `node load-process.mjs '<options as JSON>'` prints what came of it as JSON.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { Client } from 'undici';

const { url, files, type, connections, amount, seconds, rate, abortShare, abortAfterMs } = JSON.parse(process.argv[2]);

const headers = { 'content-type': type, accept: 'application/json' };
const requests = files.map((file) => ({ method: 'POST', path: '/predict', headers, body: readFileSync(file) }));
const milliseconds = {}; // by status
const cpuBefore = process.cpuUsage();
const start = performance.now();
let last = start; // autocannon itself ends up to a second after the last answer
const counts = await (abortShare !== undefined ? leaving() : rate === undefined ? oneAfterAnother() : arriving());
const { user, system } = process.cpuUsage(cpuBefore);
process.stdout.write(
  JSON.stringify({ seconds: (last - start) / 1000, cpuSeconds: (user + system) / 1e6, ...counts, milliseconds }),
);

function answered(status, ms) {
  (milliseconds[status] ??= []).push(ms);
  last = performance.now();
}

/** Each client asks again as soon as it is answered. */
async function oneAfterAnother() {
  const {
    errors,
    timeouts,
    requests: sums,
  } = await autocannon({
    url,
    requests,
    connections,
    timeout: 120,
    ...(amount === undefined ? { duration: seconds } : { amount }),
    setupClient: (client) => void client.on('response', (status, _bytes, ms) => answered(status, ms)),
  });
  return { sent: sums.sent, errors, timeouts };
}

/** Each client asks again as soon as it is answered; a share of the requests is given up after a while. */
async function leaving() {
  let [sent, errors, aborted] = [0, 0, 0];
  const ask = async (client) => {
    const nth = sent++;
    const leaves = Math.floor((nth + 1) * abortShare) > Math.floor(nth * abortShare);
    const signal = leaves ? AbortSignal.timeout(abortAfterMs) : undefined;
    const begun = performance.now();
    try {
      const { statusCode, body } = await client.request({ ...requests[nth % requests.length], signal });
      await body.dump();
      answered(statusCode, performance.now() - begun);
    } catch {
      if (signal?.aborted) aborted++;
      else errors++;
    }
  };
  const one = async () => {
    const client = new Client(url, { headersTimeout: 0, bodyTimeout: 0 });
    while (performance.now() - start < seconds * 1000) await ask(client);
    await client.destroy();
  };
  await Promise.all(Array.from({ length: connections }, one));
  return { sent, errors, aborted, timeouts: 0 };
}

/** So many requests a second, answered or not, from one client after the other; waits for every answer. */
async function arriving() {
  const clients = Array.from({ length: connections }, () => new Client(url, { headersTimeout: 0, bodyTimeout: 0 }));
  const pending = new Set();
  let sent = 0;
  let errors = 0;
  const ask = async (client, request) => {
    const begun = performance.now();
    try {
      const { statusCode, body } = await client.request(request);
      await body.dump();
      answered(statusCode, performance.now() - begun);
    } catch {
      errors++;
    }
  };
  for (let passed = 0; passed < seconds; passed = (performance.now() - start) / 1000) {
    for (; sent < passed * rate; sent++) {
      const one = ask(clients[sent % connections], requests[sent % requests.length]).finally(() => pending.delete(one));
      pending.add(one);
    }
    await sleep(1);
  }
  await Promise.all(pending);
  return { sent, errors, timeouts: 0 };
}
