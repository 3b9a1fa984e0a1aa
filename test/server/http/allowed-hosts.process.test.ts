import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { codeOf } from '../../support/clients/requests.js';
import { TestServer } from '../../support/server.js';

it('with --allowed-hosts a server answers under these names only, but probes under any name', async () => {
  await using server = await TestServer.ready({ args: ['--allowed-hosts', 'boxes.test,*.Example.org'] });
  const { port } = new URL(server.url);
  const statusOf = async (path: string, host: string) => {
    const sent = request({ host: '127.0.0.1', port, path, headers: { host } }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  for (const host of ['boxes.test', 'BOXES.test:8000', 'a.example.org', 'a.b.example.org:1']) {
    expect.soft(await statusOf('/info', host), host).toBe(200);
  }
  for (const host of ['127.0.0.1', 'evil.test', 'example.org', 'evilexample.org', 'boxes.test.evil.test']) {
    expect.soft(await statusOf('/info', host), host).toBe(400);
    expect.soft(await statusOf('/livez', host), host).toBe(200);
  }
  expect(await codeOf(await server.fetch('/info'))).toBe('HOST_REFUSED');
});
