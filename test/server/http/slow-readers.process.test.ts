import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { times } from '../../support/clients/requests.js';
import { base64, scene, TestServer } from '../../support/server.js';

const IMAGES = 20;
const RATE = 15; // of the server's clock
const PROMPTS = 'bottle,wine glass,cup,dog,cat,tree,car,house,clock,ball'.split(',').map((name) => `a ${name}`);

/** Sent again with each box, which makes the answer large. */
const LONG_NAME = '\u540d'.repeat(200);

/** Over a Unix socket, which holds 200 KB, where TCP would take megabytes of an unread answer. */
describe('a client that', () => {
  let server: TestServer;
  let socketPath: string;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
    socketPath = join(folder, 'server.sock');
    const args = [
      '--unix',
      socketPath,
      '--score-floor',
      '0.0001',
      '--timeout-sec',
      '0',
      '--receive-timeout-sec',
      '100',
    ];
    server = await TestServer.ready({ args, clockRate: RATE });
    return async () => {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    };
  });

  it('does not read its answer, of JSON or of lines, is cut off, and its images are no longer counted', async () => {
    const sockets = await Promise.all(['application/json', 'application/x-ndjson'].map(askForMuch));
    const cut = () => [...server.running.stderr.matchAll(/"\/predict\/batch".*"status":499/g)];
    await server.until(() => cut().length === 2);
    const [metrics] = (await once(request({ socketPath, path: '/metrics' }).end(), 'response')) as [IncomingMessage];
    expect(await text(metrics)).toContain('\npreannotate_admitted_items 0\n');
    for (const socket of sockets) socket.destroy();
  });

  it('reads its answer slowly gets all of it, even though that takes longer than 30 s', async () => {
    const socket = await askForMuch('application/json');
    await once(socket, 'readable');
    const start = performance.now();
    let answer = '';
    const reading = setInterval(() => (answer += String(socket.read(16_384) ?? socket.read() ?? '')), 60);
    while (!answer.endsWith('"}') && !socket.closed) await new Promise((resolve) => setTimeout(resolve, 50));
    clearInterval(reading);
    expect((performance.now() - start) * RATE).toBeGreaterThan(31_000);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ results: { length: IMAGES } });
    socket.destroy();
  });

  /** Asks for an answer of a megabyte, and reads nothing yet. */
  async function askForMuch(accept: string): Promise<Socket> {
    const image = { image_base64: base64(await scene('scene-01.jpg')) };
    const ontology = Object.fromEntries(PROMPTS.map((prompt) => [prompt, LONG_NAME]));
    const body = JSON.stringify({ images: times(IMAGES, () => image), score_threshold: 0.0001, nms: false, ontology });
    const socket = connect(socketPath).pause();
    socket.on('error', () => {}); // it is cut off
    const length = Buffer.byteLength(body);
    const head = `Host: localhost\r\nContent-Type: application/json\r\nAccept: ${accept}\r\nContent-Length: ${length}`;
    socket.write(`POST /predict/batch HTTP/1.1\r\n${head}\r\n\r\n${body}`);
    return socket;
  }
});
