// Asks a server from a process of its own: `node load-process.mjs '<options as JSON>'` prints what came of it as JSON.
import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';

const { url, files, type, connections, amount, seconds, rate } = JSON.parse(process.argv[2]);

const requests = files.map((file) => {
  const headers = { 'content-type': type, accept: 'application/json' };
  return { method: 'POST', path: '/predict', headers, body: readFileSync(file) };
});
const milliseconds = {}; // by status
const start = performance.now();
const run = autocannon({
  url,
  requests,
  connections,
  timeout: 120,
  ...(amount === undefined ? { duration: seconds } : { amount }),
  ...(rate === undefined ? {} : { overallRate: rate }),
  setupClient: (client) => {
    client.on('response', (status, _bytes, ms) => {
      (milliseconds[status] ??= []).push(ms);
    });
  },
});
const { errors, timeouts, requests: counts } = await run;
const elapsed = (performance.now() - start) / 1000;
process.stdout.write(JSON.stringify({ seconds: elapsed, sent: counts.sent, errors, timeouts, milliseconds }));
