import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rawAnswer, statuses, times } from '../support/clients/requests.js';
import { isRunning, scene, TestServer } from '../support/server.js';

const bytes = await scene('scene-01.jpg');
const isLinux = process.platform === 'linux';
const ONE_WORKER = ['--workers-per-device', '1'];

/** Processor time of processes, in hundredths of a second. */
function ticksOf(pids: readonly number[]): number {
  const fields = pids.map((pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' '));
  return fields.reduce((sum, field) => sum + Number(field[11]) + Number(field[12]), 0);
}

describe('a server that is asked for more than it can do', () => {
  it('X04: refuses what is beyond its queue at once, and then goes on', async () => {
    await using server = await TestServer.ready({ slowMs: 300, args: [...ONE_WORKER, '--queue-items', '3'] });
    const pending = times(8, () => server.post(bytes));
    await server.until(async () => (await server.metric('admitted_items')) === 3);
    expect((await server.fetch('/readyz')).status).toBe(503);
    const responses = await Promise.all(pending);
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);
    const refused = responses.find(({ status }) => status === 429)!;
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ code: 'QUEUE_FULL' });
    expect((await server.post(bytes)).status).toBe(200);
    expect(await server.metric('admitted_items')).toBe(0);
    expect(await server.metric('queue_bytes')).toBe(0);
  });

  it('refuses by bytes too, of bodies with and without a length', async () => {
    const limit = String(Math.round(bytes.length * 1.5));
    await using server = await TestServer.ready({ slowMs: 700, args: [...ONE_WORKER, '--queue-bytes', limit] });
    const first = server.post(bytes);
    await server.until(async () => (await server.metric('queue_bytes')) > 0);
    expect((await server.post(bytes)).status).toBe(429);
    const body = new Blob([bytes]).stream();
    const init = { method: 'POST', body, duplex: 'half' as const, headers: { 'content-type': 'image/jpeg' } };
    expect((await server.fetch('/predict', init)).status).toBe(429);
    expect((await first).status).toBe(200);
    expect((await server.post(bytes)).status).toBe(200);
  });

  it('answers 504 at the deadline, whether a request waits or computes, and never computes what waited', async () => {
    await using server = await TestServer.ready({ slowMs: 500, args: [...ONE_WORKER, '--timeout-sec', '60'] });
    const finished: string[] = [];
    const send = async (name: string, headers: Record<string, string>) => {
      const { status } = await server.post(bytes, { headers });
      finished.push(`${name} ${status}`);
    };
    const hurried = { 'x-request-timeout-ms': '150' };
    const all = [send('hurried', hurried), ...times(5, () => send('patient', {})), send('late', hurried)];
    await Promise.all(all);
    expect(finished.slice(0, 2).sort()).toEqual(['hurried 504', 'late 504']); // before the first run has ended
    expect(finished.slice(2)).toEqual(times(5, () => 'patient 200'));
    expect(await server.metric('batches_total{device="cpu"}')).toBeLessThanOrEqual(6); // the late one is not among them
    expect(await server.metric('request_failures_total{reason="expired"}')).toBe(2);
  });

  it('the shorter of both deadlines counts', async () => {
    await using server = await TestServer.ready({ slowMs: 2000, args: [...ONE_WORKER, '--timeout-sec', '0.2'] });
    const response = await server.post(bytes, { headers: { 'x-request-timeout-ms': '60000' } });
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: 'DEADLINE_PASSED' });
    expect((await server.post(bytes, { headers: { 'x-request-timeout-ms': 'soon' } })).status).toBe(400);
  });

  it('X05: drops what waits for clients that are gone', async () => {
    await using server = await TestServer.ready({ slowMs: 250, args: ONE_WORKER });
    const gone = new AbortController();
    const requests = times(12, () => server.post(bytes, { signal: gone.signal }));
    const settled = Promise.allSettled(requests);
    await server.until(async () => (await server.metric('queue_items')) === 8); // the worker has four
    gone.abort();
    await settled;
    await server.until(async () => (await server.metric('requests_in_progress')) === 1); // this one
    expect(await server.metric('queue_items')).toBe(0);
    expect(await server.metric('admitted_items')).toBe(0);
    expect((await server.post(bytes)).status).toBe(200);
    const batches = await server.metric('batches_total{device="cpu"}');
    expect(batches).toBeLessThanOrEqual(3); // what was being computed, and the last one; nothing of what the worker had waiting
    expect(await server.metric('request_failures_total{reason="cancelled"}')).toBe(12);
  });

  it('cuts clients that send too slowly, and others do not notice', async () => {
    await using server = await TestServer.ready({ args: ['--receive-timeout-sec', '0.5'] });
    const head = 'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 100\r\n';
    const slow = [rawAnswer(server.url, `${head}\r\nabc`), rawAnswer(server.url, head)];
    expect(await statuses(times(5, () => server.post(bytes)))).toEqual([200, 200, 200, 200, 200]);
    const [body, headers] = await Promise.all(slow);
    expect(body).toMatch(/^HTTP\/1\.1 408 [^]*connection: close[^]*"code":"RECEIVED_TOO_SLOWLY"/i);
    expect(headers).toMatch(/^HTTP\/1\.1 408 [^]*"code":"RECEIVED_TOO_SLOWLY"/);
    expect(await server.metric('admitted_items')).toBe(0);
  });

  it('answers what is not HTTP with 400, and headers beyond 8 KiB with 431', async () => {
    await using server = await TestServer.ready();
    expect(await rawAnswer(server.url, 'HELLO\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*"code":"REQUEST_MALFORMED"/);
    const large = `GET /livez HTTP/1.1\r\nHost: x\r\nX-Api-Key: ${'k'.repeat(10_000)}\r\n\r\n`;
    expect(await rawAnswer(server.url, large)).toMatch(/^HTTP\/1\.1 431 [^]*"code":"HEADERS_TOO_LARGE"/);
  });
});

describe.skipIf(!isLinux)('a server that is hit (needs /proc)', () => {
  it('X07: by kill -9 of its workers answers every request all the same, and is not ready without any', async () => {
    await using server = await TestServer.ready({ slowMs: 50, args: ['--workers-per-device', '2'] });
    const first = statuses(times(24, () => server.post(bytes)));
    await server.until(async () => (await server.metric('images_total')) >= 3);
    process.kill((await server.running.workers())[0]!, 'SIGKILL');
    expect(await first).toEqual(times(24, () => 200));
    await server.until(async () => (await server.metric('worker_up{device="cpu",worker="0"}')) === 1);
    const second = statuses(times(24, () => server.post(bytes)));
    for (const pid of await server.running.workers()) process.kill(pid, 'SIGKILL');
    await server.until(async () => (await server.fetch('/health')).status === 503);
    expect((await server.fetch('/readyz')).status).toBe(503);
    expect(await second).toEqual(times(24, () => 200));
    expect((await server.fetch('/readyz')).status).toBe(200);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'X08: by %s finishes what is in flight, exits 0, and leaves no process',
    async (signal) => {
      await using server = await TestServer.ready({ slowMs: 200, args: ONE_WORKER });
      const workers = await server.running.workers();
      const responses = times(6, () => server.post(bytes));
      await server.until(async () => (await server.metric('admitted_items')) === 6);
      const { url } = server;
      const ended = server.stop(signal);
      expect(await statuses(responses)).toEqual(times(6, () => 200));
      const { code, stderr } = await ended;
      expect(code, stderr).toBe(0);
      expect(workers.filter(isRunning)).toEqual([]);
      await expect(fetch(`${url}/livez`)).rejects.toThrow();
    },
  );

  it('by SIGTERM cuts off what takes longer than --drain-sec, and says so', async () => {
    await using server = await TestServer.ready({ slowMs: 5000, args: [...ONE_WORKER, '--drain-sec', '0.3'] });
    const workers = await server.running.workers();
    const response = server.post(bytes);
    await server.until(async () => (await server.metric('admitted_items')) === 1);
    const { code, stderr } = await server.stop();
    expect((await response).status).toBe(503);
    expect(code).toBe(1);
    expect(stderr).toContain('cut off');
    expect(workers.filter(isRunning)).toEqual([]);
  });

  it('while it starts ends with 0', async () => {
    await using server = new TestServer();
    await server.until(() => server.running.stderr.includes('listening'));
    expect((await server.stop()).code).toBe(0);
    expect(server.running.stdout).toBe('');
  });

  it('by workers that never start ends with 1 and names device and signal', async () => {
    await using server = new TestServer({ fault: 'no-start.mjs' });
    const { code, stderr } = await server.finished();
    expect(code).toBe(1);
    expect(stderr).toMatch(/cpu worker died 5 times in a row before it was ready \(signal SIGKILL\)/);
  });

  it('by a text encoder that fails refuses new ontologies, and goes on with those it knows', async () => {
    await (await TestServer.ready())[Symbol.asyncDispose](); // caches its own
    await using server = await TestServer.ready({ fault: 'no-encode.mjs' });
    const image_base64 = Buffer.from(bytes).toString('base64');
    for (const ontology of [{ 'a thing': 'x' }, { 'a thing': 'x' }, { 'another thing': 'y' }]) {
      const response = await server.postJson('/predict', { image_base64, ontology });
      expect(response.status).toBe(503);
      expect(JSON.stringify(await response.json())).not.toMatch(/\bat .*:\d+:\d+/); // no stack
    }
    expect((await server.post(bytes)).status).toBe(200);
    expect((await server.fetch('/readyz')).status).toBe(200);
  });

  it('by a second signal ends at once, and its workers with it', async () => {
    await using server = await TestServer.ready({ slowMs: 10_000, args: ONE_WORKER });
    const workers = await server.running.workers();
    const response = server.post(bytes).catch(() => 'cut');
    await server.until(async () => (await server.metric('admitted_items')) === 1);
    server.running.child.kill('SIGTERM');
    await server.until(() => server.running.stderr.includes('stopping'));
    expect((await server.stop('SIGTERM')).code).toBe(143);
    expect(await response).toBe('cut');
    await expect.poll(() => workers.filter(isRunning)).toEqual([]);
  });

  it('X06: while it waits for requests uses no processor time to speak of', async () => {
    await using server = await TestServer.ready({ args: ['--max-batch-size', '4', '--batching-timeout-sec', '0.01'] });
    expect((await server.post(bytes)).status).toBe(200);
    const pids = [server.running.child.pid!, ...(await server.running.workers())];
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = ticksOf(pids);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(ticksOf(pids) - before).toBeLessThan(6); // hundredths of a second, of 300
  });
});

describe('batching', () => {
  it('puts requests that come together into one batch, and lets a lone one go at once', async () => {
    await using server = await TestServer.ready({
      args: [...ONE_WORKER, '--max-batch-size', '4', '--batching-timeout-sec', '20'],
    });
    expect((await server.post(bytes)).status).toBe(200); // an idle device takes it; it does not wait for 20 s
    const images = times(4, () => ({ image_base64: Buffer.from(bytes).toString('base64') }));
    expect((await server.postJson('/predict/batch', { images })).status).toBe(200);
    expect(await server.metric('batches_total{device="cpu"}')).toBe(2);
    expect(await server.metric('images_total')).toBe(5);
  });

  it('X01: one image that cannot be decoded does not touch its neighbours in the batch', async () => {
    await using server = await TestServer.ready({ args: [...ONE_WORKER, '--max-batch-size', '8'] });
    const bad = bytes.slice(0, 300);
    const expected = await (await server.post(bytes)).json();
    const responses = await Promise.all(times(8, () => 0).map((_, i) => server.post(i === 3 ? bad : bytes)));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 422, 200, 200, 200, 200]);
    const { boxes } = expected as { boxes: number[][] };
    for (const response of responses.filter(({ status }) => status === 200)) {
      const answer = (await response.json()) as { boxes: number[][] };
      expect(answer.boxes).toHaveLength(boxes.length);
      answer.boxes.forEach((box, i) => box.forEach((edge, side) => expect(edge).toBeCloseTo(boxes[i]![side]!, 1)));
    }
  });

  it('requests with different ontologies at once get their own answers', async () => {
    await using server = await TestServer.ready({
      args: [...ONE_WORKER, '--max-batch-size', '4', '--queue-items', '80'],
    });
    const image_base64 = Buffer.from(bytes).toString('base64');
    const ask = async (i: number) => {
      const ontology = { [i % 2 === 0 ? 'a photo of a bottle' : 'a photo of a cup']: `class ${i}` };
      const answer = await server.postJson('/predict', { image_base64, ontology });
      return ((await answer.json()) as { labels: string[] }).labels;
    };
    const labels = await Promise.all(times(70, () => 0).map((_, i) => ask(i))); // more than a worker keeps
    expect(labels).toEqual(times(70, () => 0).map((_, i) => [`class ${i}`]));
    expect(await ask(0)).toEqual(['class 0']); // forgotten and asked for again
  }, 120_000);
});
