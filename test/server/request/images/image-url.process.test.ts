import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PredictAnswer, ProblemAnswer } from '../../../../src/config/predict-schema.js';
import { predict, predictionsOf, predictRequest } from '../../../support/clients/label-studio.js';
import { scene, TestServer } from '../../../support/server.js';
import { startWebServer } from '../../../support/servers/web-server.js';
import { FORBIDDEN_HOSTS } from '../../../net/forbidden.js';

let bytes: Uint8Array<ArrayBuffer>;
let web: Awaited<ReturnType<typeof startWebServer>>;

beforeAll(async () => {
  bytes = await scene('scene-01.jpg');
  web = await startWebServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: `/photo.jpg` }).end();
    else if (request.url === '/page') response.end('<html>no image</html>');
    else if (request.url === '/gone') response.writeHead(404).end();
    else if (request.url === '/never') return;
    else response.end(bytes);
  });
});

afterAll(() => web[Symbol.dispose]());

const ask = (server: TestServer, image_url: string) => server.postJson('/predict', { image_url });

async function problemOf(response: Response) {
  return ProblemAnswer.parse(await response.json());
}

describe('a server that may fetch from private networks', () => {
  let server: TestServer;
  beforeAll(async () => {
    const args = ['--allow-private', '--allow-host', `127.0.0.1:${web.port}`, '--timeout-sec', '20'];
    server = await TestServer.ready({ args });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each(['/photo.jpg', '/moved'])('answers for the image at the URL %s as for one that was sent', async (path) => {
    const { request_id: _, ...sent } = PredictAnswer.parse(await (await server.post(bytes)).json());
    const response = await ask(server, `http://127.0.0.1:${web.port}${path}`);
    expect(response.headers.get('server-timing')).toMatch(/fetch;dur=\d/);
    const { request_id: __, ...fetched } = PredictAnswer.parse(await response.json());
    expect(fetched).toEqual(sent);
    expect(sent.boxes.length).toBeGreaterThan(0);
  });

  it('answers each image of a batch with its own status', async () => {
    const paths = ['/photo.jpg', '/page', '/gone'];
    const images = paths.map((path) => ({ image_url: `http://127.0.0.1:${web.port}${path}` }));
    const response = await server.postJson('/predict/batch', { images });
    const { results } = (await response.json()) as { results: { status: number; error?: { code: string } }[] };
    expect(results.map(({ status, error }) => [status, error?.code])).toEqual([
      [200, undefined],
      [415, 'IMAGE_UNSUPPORTED'],
      [422, 'URL_FETCH_FAILED'],
    ]);
  });

  it('fetches from no other hosts than those of --allow-host', async () => {
    const before = web.connections;
    for (const host of ['localhost', '[::1]', '127.0.0.2']) {
      const response = await ask(server, `http://${host}:${web.port}/photo.jpg`);
      expect([response.status, (await problemOf(response)).code]).toEqual([403, 'URL_REFUSED']);
    }
    expect(web.connections).toBe(before);
  });

  it('gives up a host that does not answer, and closes the connection when the client leaves', async () => {
    const controller = new AbortController();
    const url = `http://127.0.0.1:${web.port}/never`;
    const gone = server.postJson('/predict', { image_url: url }).catch(() => undefined);
    const body = JSON.stringify({ image_url: url });
    const headers = { 'content-type': 'application/json' };
    const left = server.fetch('/predict', { method: 'POST', headers, body, signal: controller.signal });
    await server.until(() => web.open >= 2);
    controller.abort();
    await expect(left).rejects.toThrow();
    await server.until(() => web.open === 1);
    const response = (await gone)!;
    expect([response.status, (await problemOf(response)).code]).toEqual([504, 'URL_TIMEOUT']);
    await server.until(() => web.open === 0);
  });
});

describe('a server with --allow-private alone', () => {
  let server: TestServer;
  let elsewhere: Awaited<ReturnType<typeof startWebServer>>;
  beforeAll(async () => {
    server = await TestServer.ready({ args: ['--allow-private'] });
    elsewhere = await startWebServer((_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${web.port}/photo.jpg` }).end();
    });
  });
  afterAll(async () => {
    elsewhere[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  it('fetches from any port of this machine, also after a redirect to another port', async () => {
    const sent = PredictAnswer.parse(await (await server.post(bytes)).json());
    for (const port of [web.port, elsewhere.port]) {
      const response = await ask(server, `http://127.0.0.1:${port}/photo.jpg`);
      expect(response.status).toBe(200);
      expect(PredictAnswer.parse(await response.json()).boxes).toEqual(sent.boxes);
    }
  });
});

describe('a server with default options', () => {
  let server: TestServer;
  beforeAll(async () => {
    const proxy = `http://127.0.0.1:${web.port}`;
    server = await TestServer.ready({ env: { HTTP_PROXY: proxy, http_proxy: proxy, ALL_PROXY: proxy } });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each([8080, 0])(
    'connects to no private address in any spelling, and answers all alike: port %i',
    async (usual) => {
      const port = usual || web.port;
      const before = web.connections;
      const details = new Set<string>();
      for (const host of FORBIDDEN_HOSTS) {
        const response = await ask(server, `http://${host}:${port}/photo.jpg`);
        const { code, detail } = await problemOf(response);
        expect([host, response.status, code]).toEqual([host, 403, 'URL_REFUSED']);
        details.add(detail);
      }
      expect(details.size).toBe(1);
      expect(web.connections).toBe(before);
    },
  );

  it('names the port that it does not fetch from, and those that are open', async () => {
    const { detail, hint } = await problemOf(await ask(server, 'http://example.org:5000/a.jpg'));
    expect(detail).toBe('image_url leads to port 5000, which this server does not fetch from.');
    expect(hint).toMatch(/ports 80, 443, 8080 and 8443; its operator can open others\..*image_base64/);
  });

  it.each(['file:///etc/passwd', 'ftp://example.org/a.jpg', 'gopher://127.0.0.1/', 'unix:/run/a.sock'])(
    'refuses the URL %s',
    async (url) => {
      const response = await ask(server, url);
      expect([response.status, (await problemOf(response)).code]).toEqual([403, 'URL_REFUSED']);
    },
  );

  it('answers 400 where image_url is not a URL', async () => {
    const response = await ask(server, 'photo.jpg');
    expect([response.status, (await problemOf(response)).code]).toEqual([400, 'URL_INVALID']);
  });
});

it('a server with --no-url refuses every URL', async () => {
  await using server = await TestServer.ready({ args: ['--no-url', '--allow-private'] });
  const response = await ask(server, `http://127.0.0.1:${web.port}/photo.jpg`);
  expect([response.status, (await problemOf(response)).code]).toEqual([403, 'URL_REFUSED']);
});

describe('images by URL that exceed --queue-bytes together, but not alone', () => {
  let server: TestServer;
  beforeAll(async () => {
    const limit = String(20 * bytes.length); // 16 are held at once
    const args = ['--allow-private', '--allow-host', `127.0.0.1:${web.port}`, '--queue-bytes', limit];
    server = await TestServer.ready({ args: [...args, '--max-batch-size', '4'] });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const urls = () => Array.from({ length: 60 }, () => `http://127.0.0.1:${web.port}/photo.jpg`);

  it('are all annotated as a batch', async () => {
    const response = await server.postJson('/predict/batch', { images: urls().map((image_url) => ({ image_url })) });
    const { results } = (await response.json()) as { results: { status: number }[] };
    expect(results.map(({ status }) => status)).toEqual(urls().map(() => 200));
    expect(await server.metric('queue_bytes')).toBe(0);
  });

  it('are all annotated as tasks of Label Studio', async () => {
    const results = await predictionsOf(await predict(server, predictRequest(urls())));
    expect(results).toHaveLength(60);
    for (const { result } of results) expect(result.length).toBeGreaterThan(2);
    expect(await server.metric('queue_bytes')).toBe(0);
  });
});
