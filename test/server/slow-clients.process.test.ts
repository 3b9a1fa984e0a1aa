import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { certificate, hasOpenssl } from '../support/servers/certificate.js';
import { closing, connection, timed, times } from '../support/clients/requests.js';
import { base64, scene, TestServer } from '../support/server.js';

const IMAGES = 800;
const PROMPTS = [
  'a bottle',
  'a wine glass',
  'a cup',
  'a dog',
  'a cat',
  'a tree',
  'a car',
  'a house',
  'a clock',
  'a ball',
];
const ARGS = ['--score-floor', '0.0001', '--request-images', String(IMAGES), '--queue-items', String(IMAGES)];

/** Clients that take their time, which is the server's too. Those that send slowly are in crowds.test.ts. */
describe.concurrent('a client that', () => {
  it.skipIf(!hasOpenssl())('never says what it wants of TLS is cut off within 10 s (needs openssl)', async () => {
    const { certPath, keyPath } = await certificate();
    await using server = await TestServer.ready({ args: ['--tls-cert', certPath, '--tls-key', keyPath] });
    const socket = connection(server.url.replace('https', 'http'));
    await once(socket, 'connect');
    const [, ms] = await timed(() => closing(socket));
    expect(ms).toBeLessThan(10_000);
  });

  it.each(['application/json', 'application/x-ndjson'])(
    'does not read its answer, as %s, is cut off, and gives back its place',
    async (accept) => {
      await using server = await TestServer.ready({ args: ARGS });
      const socket = await askedForMuch(server, accept);
      await server.until(() => server.running.stderr.includes('"/predict/batch"'));
      expect(server.running.stderr).toMatch(/"\/predict\/batch".*"status":499/);
      expect(await server.metric('admitted_items')).toBe(0);
      socket.destroy();
    },
  );

  it('reads its answer slowly gets all of it, though that takes longer than 30 s', async () => {
    await using server = await TestServer.ready({ args: ARGS });
    const socket = await askedForMuch(server, 'application/json');
    const start = performance.now();
    let answer = '';
    const reading = setInterval(() => (answer += String(socket.read() ?? '')), 150); // some 64 KB a time
    while (!answer.endsWith('"}') && !socket.closed) await new Promise((resolve) => setTimeout(resolve, 50));
    clearInterval(reading);
    expect(performance.now() - start).toBeGreaterThan(31_000);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ results: { length: IMAGES } });
    socket.destroy();
  });
});

/** Asks for an answer of 15 MB, and reads nothing yet. */
async function askedForMuch(server: TestServer, accept: string): Promise<Socket> {
  const image = { image_base64: base64(await scene('scene-01.jpg')) };
  const ontology = Object.fromEntries(PROMPTS.map((prompt) => [prompt, 'n'.repeat(200)])); // said again with each box
  const body = JSON.stringify({ images: times(IMAGES, () => image), score_threshold: 0.0001, nms: false, ontology });
  const socket = connection(server.url).pause();
  const head = `Host: x\r\nContent-Type: application/json\r\nAccept: ${accept}\r\nContent-Length: ${body.length}`;
  socket.write(`POST /predict/batch HTTP/1.1\r\n${head}\r\n\r\n${body}`);
  return socket;
}
