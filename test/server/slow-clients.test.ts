import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { certificate, hasOpenssl } from '../support/certificate.js';
import { connection, timed, times } from '../support/requests.js';
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
    const [, ms] = await timed(() => once(socket, 'close'));
    expect(ms).toBeLessThan(10_000);
  });

  it.each(['application/json', 'application/x-ndjson'])(
    'does not read its answer, as %s, is cut off after 30 s, and gives back its place',
    async (accept) => {
      await using server = await TestServer.ready({ args: ARGS });
      const image = { image_base64: base64(await scene('scene-01.jpg')) };
      const ontology = Object.fromEntries(PROMPTS.map((prompt) => [prompt, 'n'.repeat(200)])); // said again with each box: more than a connection holds unread
      const body = JSON.stringify({
        images: times(IMAGES, () => image),
        score_threshold: 0.0001,
        nms: false,
        ontology,
      });
      const socket = connection(server.url).pause();
      const head = `Host: x\r\nContent-Type: application/json\r\nAccept: ${accept}\r\nContent-Length: ${body.length}`;
      socket.write(`POST /predict/batch HTTP/1.1\r\n${head}\r\n\r\n${body}`);
      await server.until(() => server.running.stderr.includes('"/predict/batch"'));
      expect(server.running.stderr).toMatch(/"\/predict\/batch".*"status":499/);
      expect(await server.metric('admitted_items')).toBe(0);
      socket.destroy();
    },
  );
});
