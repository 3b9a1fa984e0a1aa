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

/** Tries with other ports, where another process has taken one meanwhile. */
const START_TRIES = 3;

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
    for (let tries = 1; ; tries++) {
      const server = new RedisServer(await freePort(), await temporaryFolder(), options);
      onTestFinished(() => server.kill());
      try {
        await server.restart();
        return server;
      } catch (error) {
        if (tries === START_TRIES || !/Address already in use/.test(String(error))) throw error;
      }
    }
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
    const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const died = once(child, 'exit').then(([code]) => {
      throw new Error(`redis-server ended with ${String(code)}:\n${printed}`);
    });
    died.catch(() => {}); // later it is killed
    if (prefix.length > 0) return;
    const client = this.#connect();
    try {
      const info = await Promise.race([client.info('server'), died]); // waits until it answers
      if (!info.includes(`process_id:${child.pid}\r`)) await died; // another one has its port
    } finally {
      client.disconnect();
    }
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
