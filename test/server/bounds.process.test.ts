import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { closing, connection, rawAnswer } from '../support/clients/requests.js';
import { base64, scene, TestServer } from '../support/server.js';
import { temporaryFolder } from '../support/temporary.js';

const bytes = await scene('scene-01.jpg');
const ONE_WORKER = ['--workers-per-device', '1'];
const image_base64 = base64(bytes);

describe('a body of JSON that is made to be slow', () => {
  it.each([
    ['images that are none', () => ({ images: Array<number>(150_000).fill(1) }), 422],
    ['more values than anyone needs', () => ({ images: Array<number>(500_000).fill(1) }), 400],
    ['an ontology of many prompts', () => ({ image_base64, ontology: manyPrompts(100_000) }), 422],
    ['many unknown fields', () => ({ image_base64, ...manyPrompts(100_000) }), 422],
    ['a long class name', () => ({ image_base64, ontology: { 'a cat': 'c'.repeat(10_000_000) } }), 422],
    ['prompts times templates', () => ({ image_base64, ontology: manyTexts(90, 90) }), 422],
  ])('is refused before it holds others up: %s', async (_, body, status) => {
    await using server = await TestServer.ready({ args: ONE_WORKER });
    const path = 'images' in body() ? '/predict/batch' : '/predict';
    let longestMs = 0;
    const probing = new AbortController();
    const probe = async () => {
      while (!probing.signal.aborted) {
        const start = performance.now();
        await (await server.fetch('/livez')).text();
        longestMs = Math.max(longestMs, performance.now() - start);
      }
    };
    const probes = probe();
    const response = await server.postJson(path, body());
    probing.abort();
    await probes;
    expect(response.status).toBe(status);
    expect((await response.text()).length).toBeLessThan(30_000);
    expect(longestMs).toBeLessThan(2000); // it was half a minute
  });
});

function manyPrompts(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, 'c']));
}

function manyTexts(prompts: number, templates: number) {
  return {
    templates: Array.from({ length: templates }, (_, i) => `photo ${i} of {}`),
    classes: [{ name: 'c', prompts: Object.keys(manyPrompts(prompts)) }],
  };
}

describe('a request that was let in', () => {
  it('is answered although the server is told to stop while it is sent', async () => {
    await using server = await TestServer.ready({ args: ONE_WORKER });
    const head = `POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: ${bytes.length}\r\n\r\n`;
    const socket = connection(server.url);
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    socket.write(head);
    socket.write(bytes.subarray(0, 1000));
    await server.until(async () => (await server.metric('queue_bytes')) > 0);
    server.running.child.kill('SIGTERM');
    await server.until(() => server.running.stderr.includes('stopping'));
    socket.write(bytes.subarray(1000));
    await closing(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect((await server.finished()).code).toBe(0);
  });

  it('is answered 504 at its deadline also behind the images of another batch', async () => {
    await using server = await TestServer.ready({ slowMs: 200, args: ONE_WORKER });
    const long = server.postJson('/predict/batch', { images: Array(20).fill({ image_base64 }) });
    await server.until(async () => (await server.metric('admitted_items')) === 20);
    const start = performance.now();
    const images = [{ image_base64 }, { image_base64 }];
    const response = await server.postJson('/predict/batch', { images }, { 'x-request-timeout-ms': '300' });
    const { results } = (await response.json()) as { results: { status: number }[] };
    expect(results.map(({ status }) => status)).toEqual([504, 504]);
    expect(performance.now() - start).toBeLessThan(2000); // the other batch takes twice as long
    expect((await long).status).toBe(200);
  });

  it('may have longer than a timer can count', async () => {
    await using server = await TestServer.ready({ args: [...ONE_WORKER, '--timeout-sec', '0'] });
    expect((await server.post(bytes, { headers: { 'x-request-timeout-ms': '3000000000' } })).status).toBe(200);
  });
});

describe('a connection', () => {
  it('with garbage behind a request never gets an answer to that from the garbage', async () => {
    await using server = await TestServer.ready({ slowMs: 300, args: ONE_WORKER });
    const head = `POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: ${bytes.length}\r\n\r\n`;
    const answer = await rawAnswer(
      server.url,
      Buffer.concat([Buffer.from(head), bytes, Buffer.from('\0garbage\r\n\r\n')]),
    );
    expect(answer).not.toMatch(/^HTTP\/1\.1 400/);
  });

  it('that asks whether it may send too much is told no, and not yes first', async () => {
    await using server = await TestServer.ready({ args: ONE_WORKER });
    const head = 'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nExpect: 100-continue\r\n';
    expect(await rawAnswer(server.url, `${head}Content-Length: 900000000\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /);
    const socket = connection(server.url);
    socket.write(`${head}Content-Length: 10\r\n\r\n`);
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toMatch(/^HTTP\/1\.1 100 /);
    socket.destroy();
  });

  it('with an address that cannot be parsed is answered as others are', async () => {
    await using server = await TestServer.ready({ args: ONE_WORKER });
    const answer = await rawAnswer(server.url, 'GET /%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*x-request-id: [^]*"code":"REQUEST_MALFORMED"/i);
    await sleep(50);
    expect(await server.metric('requests_in_progress')).toBe(1);
  });
});

it('a worker that cannot open the model again is tried once more, and the other one goes on meanwhile', async () => {
  const STARTS = join(await temporaryFolder(), 'starts');
  const env = { STARTS, STARTS_BADLY: '3' };
  await using server = await TestServer.ready({ fault: 'no-reopen.mjs', env, args: ['--workers-per-device', '2'] });
  await server.until(async () => (await server.metrics('worker_up')).every((up) => up === 1));
  const [victim] = await server.running.workers();
  process.kill(victim!, 'SIGKILL');
  await server.until(async () => (await server.metrics('worker_up')).includes(0));
  expect((await server.post(bytes)).status).toBe(200);
  await server.until(async () => (await server.metrics('worker_up')).every((up) => up === 1));
  expect((await server.metrics('worker_restarts_total')).reduce((sum, count) => sum + count)).toBe(2);
});
