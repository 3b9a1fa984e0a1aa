import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate } from '../../support/cli.js';
import { canConnect } from '../../support/clients/requests.js';
import { TestServer } from '../../support/server.js';
import { temporaryFolder } from '../../support/temporary.js';

/** An address of this machine that others can reach. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

describe('a server', () => {
  it.skipIf(outside === undefined)('can be reached from its own machine only, unless --host is given', async () => {
    await using local = await TestServer.listening();
    await using open = await TestServer.listening({ args: ['--host', '0.0.0.0'] });
    const portOf = (server: TestServer) => new URL(server.url).port;
    expect(await canConnect('127.0.0.1', portOf(local))).toBe(true);
    expect(await canConnect(outside!, portOf(local))).toBe(false);
    expect(await canConnect(outside!, portOf(open))).toBe(true);
    expect(local.running.stderr).not.toContain('without an API key');
  });

  it('that can be reached from other machines warns when it has no API key', async () => {
    await using server = await TestServer.listening({ args: ['--host', '0.0.0.0'] });
    expect(server.running.stderr).toContain('without an API key');
  });

  it('listens at SERVER_NAME and SERVER_PORT unless flags override them, and exits 2 on a taken port', async () => {
    await using server = await TestServer.listening({ env: { SERVER_NAME: 'localhost', SERVER_PORT: '1' } });
    expect((await fetch(`${server.url}/livez`)).status).toBe(200); // the port is a flag here
    const taken = { SERVER_NAME: '127.0.0.1', SERVER_PORT: new URL(server.url).port };
    const second = await preannotate(['serve', ...EMOJI], { env: taken });
    expect(second.code).toBe(2);
    expect(second.stderr).toContain(`127.0.0.1:${taken.SERVER_PORT} cannot be listened on`);
    expect(second.stderr).toContain('--port');
  });

  it('listens on a Unix socket, replaces one that a killed server left, and leaves all other files alone', async () => {
    const socketPath = join(await temporaryFolder(), 'boxes.sock');
    await (await TestServer.listening({ args: ['--unix', socketPath] }))[Symbol.asyncDispose](); // by SIGKILL
    await using server = await TestServer.ready({ args: ['--unix', socketPath] });
    expect(server.running.stdout).toContain(`at unix:${socketPath}\n`);
    const [response] = (await once(request({ socketPath, path: '/health' }).end(), 'response')) as [IncomingMessage];
    expect([response.statusCode, await text(response)]).toEqual([200, 'ok']);
    const second = await preannotate(['serve', ...EMOJI, '--unix', socketPath]);
    expect([second.code, second.stderr]).toEqual([2, expect.stringContaining('Another server listens there')]);
    expect((await server.stop()).code).toBe(0);
    await expect(readFile(socketPath)).rejects.toThrow('ENOENT');
    await writeFile(socketPath, 'mine');
    expect((await preannotate(['serve', ...EMOJI, '--unix', socketPath])).code).toBe(2);
    expect(await readFile(socketPath, 'utf8')).toBe('mine');
  });
});
