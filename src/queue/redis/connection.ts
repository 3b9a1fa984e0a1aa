import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Redis } from 'ioredis';
import pRetry, { AbortError } from 'p-retry';
import type { QueueAddress } from '../../config/options/machines/queue.js';
import { messageOf, PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { loadRedis } from './library.js';

/** A queue, and the file with the authority of its certificate. Plain data. */
export interface QueueSettings {
  readonly address: QueueAddress;
  readonly caFile?: string; // absolute
}

const CONNECT_MS = 3000;
const FIRST_WAIT_MS = 6000; // for a Redis that is just being started; with the last try below 10 s

/**
 * An answer that takes longer comes from a dead link, such as a machine that was switched off: the socket is closed and
 * opened again. Commands that wait for jobs or events block for {@link BLOCK_SEC} at most.
 */
const SILENCE_MS = 12_000;
export const BLOCK_SEC = 5;

/** Longest wait between two tries to connect: a Redis that is back is used soon. */
const MAX_RETRY_MS = 2000;

/** What a Redis older than this lacks is used by BullMQ. */
const LEAST_VERSION = 5;

/** A Redis that answers. */
export interface Connection {
  readonly redis: Redis;
  readonly options: Awaited<ReturnType<typeof toOptions>>; // for further connections
  readonly name: string; // host:port, for messages
  readonly warnings: readonly string[]; // about its settings
}

/**
 * Options for connections that are not opened again after the signal: one that waits for a Redis that is away would
 * keep the process from ending.
 */
export function optionsUntil(signal: AbortSignal, { options }: Connection): Connection['options'] {
  const { retryStrategy } = options;
  return { ...options, retryStrategy: (times) => (signal.aborted ? null : retryStrategy(times)) };
}

/** host:port, without user and password. */
export function nameOf({ host, port }: QueueAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Opens the first connection to a queue, whose errors are reported; later ones are retried for ever.
 *
 * @throws PreannotateError QUEUE_UNREACHABLE; CONFIG_INVALID for a file of certificates that cannot be read
 */
export async function connectToQueue(settings: QueueSettings, signal: AbortSignal): Promise<Connection> {
  const options = await toOptions(settings);
  const { Redis } = await loadRedis();
  const name = nameOf(settings.address);
  const first = async () => {
    const redis = new Redis({ ...options, lazyConnect: true, retryStrategy: () => null });
    let cause: unknown; // more telling than what connect() rejects with
    redis.on('error', (error) => (cause = error));
    try {
      await redis.connect();
      return await redis.info();
    } catch (error) {
      const why = new Error(printable(messageOf(cause ?? error)), { cause: cause ?? error });
      throw isForGood(why.message) ? new AbortError(why) : why;
    } finally {
      redis.disconnect();
    }
  };
  const info = await pRetry(first, {
    retries: 100,
    minTimeout: 500,
    factor: 1,
    maxRetryTime: FIRST_WAIT_MS,
    signal,
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unreachableError(name, settings, error);
  });
  const warnings = checkServer(name, info);
  const redis = new Redis(options);
  redis.on('error', () => {}); // reported by RedisWatch once it lasts
  return { redis, options, name, warnings };
}

/** @throws PreannotateError CONFIG_INVALID */
async function toOptions({ address, caFile }: QueueSettings) {
  const { host, port, username, password, db, tls } = address;
  const server = isIP(host) === 0 ? { servername: host } : {}; // TLS names no address; the certificate is for it anyway
  return {
    host,
    port,
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: { ...server, ...(caFile === undefined ? {} : { ca: await readAuthority(caFile) }) } } : {}),
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    keepAlive: 5000,
    maxRetriesPerRequest: null, // commands wait until the Redis is back
    retryStrategy: (times: number): number | null => Math.min(times * 200, MAX_RETRY_MS),
  };
}

async function readAuthority(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new PreannotateError(
      {
        code: 'CONFIG_INVALID',
        message: `--queue-ca ${printable(path)} cannot be read: ${messageOf(error)}.`,
        hint: 'Give the PEM file with the certificate of the authority.',
      },
      error,
    );
  }
}

/** What another try does not change. */
function isForGood(message: string): boolean {
  return /WRONGPASS|NOAUTH|NOPERM|invalid password|certificate|ERR_TLS|SSL|wrong version number/i.test(message);
}

function unreachableError(name: string, { address }: QueueSettings, error: unknown): PreannotateError {
  const raw = messageOf(error).replace(/\.$/, '');
  const reason = raw.includes('NOAUTH') ? 'it needs a password (NOAUTH)' : raw;
  return new PreannotateError(
    {
      code: 'QUEUE_UNREACHABLE',
      message: `The Redis at ${name} cannot be used: ${reason || 'no answer'}.`,
      hint: adviseOn(reason, address),
    },
    error,
  );
}

function adviseOn(reason: string, { tls }: QueueAddress): string {
  if (reason.includes('NOAUTH')) {
    return 'Give it in PREANNOTATE_QUEUE, as redis://:password@host:port or redis://user:password@host:port.';
  }
  if (/WRONGPASS|NOPERM|password/i.test(reason)) {
    return 'Check user and password: PREANNOTATE_QUEUE=redis://user:password@host:port.';
  }
  if (/certificate|altnames/i.test(reason)) {
    return 'Name the PEM file of its authority with --queue-ca; the certificate must be for this host name.';
  }
  if (/SSL|TLS|wrong version|Connection is closed|ECONNRESET|EPIPE/i.test(reason)) {
    return tls ? 'Does it listen for TLS on this port? Else write redis://.' : 'If it expects TLS, write rediss://.';
  }
  if (tls && /ETIMEDOUT|timed? ?out/i.test(reason)) {
    return 'Does it listen for TLS on this port? Else write redis://. Can this machine reach it (address, firewall)?';
  }
  return 'Is it running, and can this machine reach it (address, port, firewall)?';
}

/** @throws PreannotateError QUEUE_UNREACHABLE for a version that is too old */
function checkServer(name: string, info: string): string[] {
  const valueOf = (key: string) => new RegExp(`^${key}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const version = valueOf('redis_version');
  if (Number.parseInt(version, 10) < LEAST_VERSION) {
    throw new PreannotateError({
      code: 'QUEUE_UNREACHABLE',
      message: `The Redis at ${name} is version ${printable(version)}.`,
      hint: `Use Redis ${LEAST_VERSION} or newer.`,
    });
  }
  const policy = valueOf('maxmemory_policy');
  if (policy === '' || policy === 'noeviction') return [];
  return [
    `The Redis at ${name} deletes keys when its memory is full (maxmemory-policy ${printable(policy)}): what it ` +
      'deletes of this run is computed again. Set maxmemory-policy noeviction.',
  ];
}
