import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  failedTasks,
  predict,
  predictionsOf,
  predictRequest,
  refusalOf,
  storedPredictions,
} from '../../../support/clients/label-studio.js';
import { scene, TestServer } from '../../../support/server.js';
import { startWebServer } from '../../../support/servers/web-server.js';

/** A Label Studio below /ls, and another host, to which it redirects. */
const asked: { url: string; authorization: string | undefined }[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let host: Awaited<ReturnType<typeof startWebServer>>;
let elsewhere: typeof host;
const askedElsewhere: typeof asked = [];
let server: TestServer;
let photo: Uint8Array;

beforeAll(async () => {
  photo = await scene('scene-01.jpg');
  const record = (list: typeof asked, { url = '', headers }: IncomingMessage) =>
    list.push({ url, authorization: headers.authorization });
  elsewhere = await startWebServer((request, response) => {
    record(askedElsewhere, request);
    response.end(photo);
  });
  host = await startWebServer((request, response) => {
    record(asked, request);
    if (request.headers.authorization !== 'Token secret-of-ls') response.writeHead(401).end();
    else answer(request, response);
  });
  server = await TestServer.ready({
    args: ['--no-url'],
    env: { LABEL_STUDIO_URL: `http://127.0.0.1:${host.port}/ls/`, LABEL_STUDIO_API_KEY: ' secret-of-ls\n' },
  });
});
beforeEach(() => {
  asked.length = askedElsewhere.length = 0;
  answer = (_request, response) => void response.end(photo);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  host[Symbol.dispose]();
  elsewhere[Symbol.dispose]();
});

describe('images of tasks that Label Studio stores', () => {
  it('are fetched from it with its token, even at a private address and with --no-url', async () => {
    const images = [
      '/data/upload/1/ab%20c.jpg',
      '/ls/data/upload/1/d.jpg', // as a Label Studio below a path writes it
      '/data/local-files/?d=photos/a.jpg',
      '/ls/data/local-files/?d=photos/b.jpg',
      `http://127.0.0.1:${host.port}/ls/data/upload/2/b.jpg`,
      'upload/3/c.jpg',
      's3://bucket/a.jpg',
      'gs://bucket/a.jpg',
    ];
    const results = await predictionsOf(await predict(server, predictRequest(images)));
    expect(results).toHaveLength(images.length);
    for (const { result } of results) expect(result.length).toBeGreaterThan(2);
    const presigned = (id: number, uri: string) =>
      `/ls/tasks/${id}/presign/?fileuri=${Buffer.from(uri).toString('base64url')}`;
    expect(asked.map(({ url }) => url).sort()).toEqual([
      '/ls/data/local-files/?d=photos/a.jpg',
      '/ls/data/local-files/?d=photos/b.jpg',
      '/ls/data/upload/1/ab%20c.jpg',
      '/ls/data/upload/1/d.jpg',
      '/ls/data/upload/2/b.jpg',
      '/ls/data/upload/3/c.jpg',
      presigned(106, 's3://bucket/a.jpg'),
      presigned(107, 'gs://bucket/a.jpg'),
    ]);
    expect(server.running.stderr).not.toContain('secret-of-ls');
  });

  it('are not fetched from other addresses, from other paths of it, or from where it redirects to', async () => {
    answer = (_request, response) =>
      void response.writeHead(302, { location: `http://127.0.0.1:${elsewhere.port}/a.jpg` }).end();
    const before = elsewhere.connections;
    const images = [
      `http://127.0.0.1:${elsewhere.port}/ls/data/a.jpg`,
      `http://127.0.0.1:${host.port}/data/a.jpg`,
      `http://127.0.0.1:${host.port}/ls/api/users`,
      '/data/../api/users',
      '/ls/data/../api/users',
      '/data/%2e%2e/%2e%2e/data/a.jpg',
      '/api/users',
      '/ls/api/users',
      `//127.0.0.1:${elsewhere.port}/data/a.jpg`,
      '/other/data/upload/1/a.jpg',
    ];
    for (const image of images) {
      const { code } = await refusalOf(await predict(server, predictRequest([image])));
      expect(code, image).toMatch(/^(URL_REFUSED|REQUEST_INVALID)$/);
    }
    expect(asked).toEqual([]);
    const redirected = await refusalOf(await predict(server, predictRequest(['s3://bucket/a.jpg'])));
    expect(redirected.code).toBe('URL_REFUSED');
    expect(elsewhere.connections).toBe(before);
    const image_url = `http://127.0.0.1:${host.port}/ls/data/a.jpg`;
    expect((await server.postJson('/predict', { image_url })).status).toBe(403); // that is for tasks only
  });

  it.each<[what: string, reason: RegExp, respond: (request: IncomingMessage, response: ServerResponse) => void]>([
    ['it does not have', /status 404/, (_request, response) => response.writeHead(404).end('<html>no such file')],
    ['it fails on', /status 500/, (_request, response) => response.writeHead(500).end()],
    [
      'it answers with a page for',
      /text\/html, not with an image/,
      (_request, response) => response.setHeader('content-type', 'text/html').end('<form>sign in</form>'),
    ],
    [
      'it redirects to its sign-in page for',
      /text\/html, not with an image/,
      ({ url }, response) => {
        if (url?.startsWith('/ls/user/login')) response.setHeader('content-type', 'text/html').end('<form/>');
        else response.writeHead(302, { location: `/ls/user/login/?next=${url}` }).end();
      },
    ],
    [
      'it sends as JSON',
      /application\/json, not with an image/,
      (_request, response) => response.setHeader('content-type', 'application/json').end('{"detail":"?"}'),
    ],
    [
      'are PDFs',
      /not an image|type/i,
      (_request, response) => response.setHeader('content-type', 'application/pdf').end('%PDF-1.7 and so on'),
    ],
    ['are empty', /empty answer/, (_request, response) => response.end()],
    [
      'break off',
      /the connection ended/,
      (_request, response) => {
        response.writeHead(200, { 'content-length': 100_000 }).write(photo.subarray(0, 1000));
        setTimeout(() => response.destroy(), 50);
      },
    ],
    ['it never sends', /not be fetched in time/, () => {}],
  ])('that %s get no prediction, and the others get theirs', async (_what, reason, respond) => {
    answer = (request, response) => {
      if (request.url?.includes('good')) response.end(photo);
      else respond(request, response);
    };
    const logged = failedTasks(server).length;
    const images = ['/data/upload/1/bad.jpg', '/data/upload/1/good.jpg', 's3://bucket/bad.jpg'];
    const results = await predictionsOf(await predict(server, predictRequest(images)));
    expect(storedPredictions(results, 3).map(({ length }) => length)).toEqual([0, 1, 0]);
    expect(results[1]!.result.length).toBeGreaterThan(2);
    const failed = failedTasks(server).slice(logged);
    expect(failed.map(({ task }) => task)).toEqual(['100', '102']);
    for (const failure of failed) expect(failure.reason).toMatch(reason);
    const { status, detail } = await refusalOf(await predict(server, predictRequest(images.slice(0, 1))));
    expect(status).toBeGreaterThanOrEqual(400);
    expect(detail).toMatch(reason);
  });

  it('give its token to no other host, and to no other path, when it redirects', async () => {
    answer = ({ url }, response) => {
      if (url === '/elsewhere/c.jpg') response.end(photo);
      else if (url?.includes('other-host')) {
        response.writeHead(302, { location: `http://127.0.0.1:${elsewhere.port}/a.jpg` }).end();
      } else response.writeHead(302, { location: '/elsewhere/c.jpg' }).end();
    };
    await using open = await TestServer.ready({
      args: ['--allow-private', '--allow-host', `127.0.0.1:${elsewhere.port}`],
      env: { LABEL_STUDIO_URL: `http://127.0.0.1:${host.port}/ls`, LABEL_STUDIO_API_KEY: 'secret-of-ls' },
    });
    const images = ['/data/upload/1/other-host.jpg', '/data/upload/1/other-path.jpg'];
    const results = await predictionsOf(await predict(open, predictRequest(images)));
    expect(storedPredictions(results, 2).map(({ length }) => length)).toEqual([1, 0]);
    expect(askedElsewhere).toEqual([{ url: '/a.jpg', authorization: undefined }]);
    expect(asked.find(({ url }) => url === '/elsewhere/c.jpg')).toEqual({
      url: '/elsewhere/c.jpg',
      authorization: undefined,
    });
  });
});
