import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Redis } from 'ioredis';

/** A redis-server on a free port, without persistence, which is killed when it is disposed of. */
export async function startRedis(
  folder: string,
): Promise<AsyncDisposable & { url: string; port: number; pid: number }> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const server = spawn('redis-server', ['--port', String(port), '--dir', folder, '--save', ''], { stdio: 'ignore' });
  const client = new Redis({ port, retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => {}); // until it listens
  await client.ping();
  client.disconnect();
  return {
    url: `redis://127.0.0.1:${port}`,
    ...{ port, pid: server.pid! },
    [Symbol.asyncDispose]: async () => {
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
    },
  };
}
