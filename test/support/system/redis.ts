import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../temporary.js';

/** Tests of the queue are skipped where Redis is not installed; their titles name it. */
export const hasRedis = isInstalled();

function isInstalled(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

interface RedisServerOptions {
  readonly config?: readonly string[]; // arguments, such as --requirepass
  /** How the test connects, where that needs more than the port. */
  readonly client?: { readonly password?: string; readonly tls?: { readonly ca: Buffer } };
  readonly tls?: boolean; // the port is that of TLS
  readonly prefix?: readonly string[]; // a command that starts it, such as ip netns exec
}

/** A redis-server of Debian on a free port, which ends with the test. */
export class RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly #options: RedisServerOptions;
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string, options: RedisServerOptions) {
    this.port = port;
    this.folder = folder;
    this.#options = options;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), await temporaryFolder(), options);
    onTestFinished(() => server.kill());
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again, with what its folder holds. */
  async restart(): Promise<void> {
    const { config = [], prefix = [], tls = false } = this.#options;
    const port = [tls ? '--tls-port' : '--port', String(this.port)];
    const always = ['--dir', this.folder, '--save', '', '--loglevel', 'warning'];
    const [command, ...args] = [...prefix, 'redis-server', ...port, ...always, ...config];
    this.#process = spawn(command!, args, { stdio: 'ignore' });
    if (prefix.length > 0) return;
    const client = this.#connect();
    await client.ping(); // waits until it answers
    client.disconnect();
  }

  async kill(): Promise<void> {
    const process = this.#process;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const exited = once(process, 'exit');
    process.kill('SIGKILL');
    await exited;
  }

  /** A client that ends with the test. */
  client(): Redis {
    const client = this.#connect();
    onTestFinished(() => client.disconnect());
    return client;
  }

  #connect(): Redis {
    const client = new Redis({
      host: '127.0.0.1',
      port: this.port,
      ...this.#options.client,
      retryStrategy: () => 50,
      maxRetriesPerRequest: null,
    });
    client.on('error', () => {}); // until it listens
    return client;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
