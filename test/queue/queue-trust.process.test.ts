import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preannotate, Running, SCENES, untilJournalled, viewsOf } from '../support/cli.js';
import { FIXTURES, ROOT } from '../support/model/golden.js';
import { certificate, hasOpenssl } from '../support/servers/certificate.js';
import { hasRedis, RedisServer } from '../support/system/redis.js';
import { temporaryFolder } from '../support/temporary.js';
import {
  end,
  onlyQueue,
  photosOf,
  queueArgs,
  startBareWorker,
  startWorker,
  untilPrinted,
  withFault,
} from './queue-runs.js';

const SLOW = withFault('slow.mjs', { SLOW_MS: '300' });

describe.skipIf(!hasRedis)('what is refused through a queue (needs redis-server)', () => {
  it('a worker of another version is refused by name on both sides, and the run waits for others', async () => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    const other = join(photos.folder, 'other');
    await mkdir(other);
    for (const name of ['bin', 'dist', 'ontologies'])
      await cp(join(ROOT, name), join(other, name), { recursive: true });
    for (const name of ['node_modules', 'fixtures']) await symlink(join(ROOT, name), join(other, name));
    const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    await writeFile(join(other, 'package.json'), JSON.stringify({ ...manifest, version: '9.9.9' }));
    const worker = end(
      new Running(['--queue', redis.url, '--root', photos.folder], { prefix: ['env', `OTHER=${other}`, ...OTHER] }),
    );
    const running = end(new Running(queueArgs(photos, redis.url)));
    await untilPrinted(running, /cannot take part: it has preannotate 9.9.9, this run \d/);
    await untilPrinted(worker, /Cannot take part in run .* \(out\): it has preannotate 9.9.9/);
    startWorker(redis.url, photos.folder);
    expect((await running.finished()).code).toBe(0);
  });

  it.each([
    ['other weights', 'model.safetensors', /has other weights \(SHA-256 /],
    ['another configuration', 'config.json', /has another configuration or tokenizer/],
  ])('a worker whose model folder has %s is refused by name', async (_, file, message) => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    const model = join(photos.folder, 'model');
    await cp(join(FIXTURES, 'models/owlvit-emoji'), model, { recursive: true });
    const args = [...queueArgs(photos, redis.url), '--model', model];
    const running = end(new Running(args));
    await untilPrinted(running, /Images go to workers/);
    const bytes = await readFile(join(model, file));
    if (file === 'config.json') await writeFile(join(model, file), `${bytes.toString()}\n`);
    else await writeFile(join(model, file), flipped(bytes));
    const worker = startWorker(redis.url, photos.folder);
    await untilPrinted(running, message);
    await untilPrinted(worker, message);
  });

  it('folders outside those given as --root are refused by name, links followed', async () => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    const running = end(new Running(queueArgs(photos, redis.url)));
    const elsewhere = await temporaryFolder();
    await symlink(photos.folder, join(elsewhere, 'link'));
    const worker = startWorker(redis.url, elsewhere);
    await untilPrinted(worker, /the images are in .*, and it may read /);
    await untilPrinted(running, /cannot take part: the images are in /);
    const none = startBareWorker(redis.url, { args: ['--allow-host', 'example.org'] });
    await untilPrinted(none, /it was started without --root/);
  });

  it('forged chunks are refused, forged results are dropped with a warning, and the run stays right', async () => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    const secret = join(await temporaryFolder(), 'secret.jpg');
    await cp(join(SCENES, 'scene-01.jpg'), secret);
    const running = end(new Running(queueArgs(photos, redis.url)));
    await untilPrinted(running, /Images go to workers/);
    const { key, queue } = await onlyQueue(redis);
    await queue.add('chunk', { key: 'other', images: [{ name: 'a.jpg' }] }, { jobId: 'forged-1', lifo: true });
    const outside = [{ name: `../../${secret}` }, { name: secret }];
    await queue.add('chunk', { key, images: outside }, { jobId: 'forged-2', lifo: true });
    const handedOut = async () => (await queue.getWaiting()).find(({ id }) => !id!.startsWith('forged'));
    while ((await handedOut()) === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    const { id } = (await handedOut())!;
    const events = `preannotate:${queue.name}:events`;
    const forge = (jobId: string, value: object) =>
      redis.client().xadd(events, '*', 'event', 'completed', 'jobId', jobId, 'returnvalue', JSON.stringify(value));
    await forge(id!, { key, worker: 'forger', times: {}, outcomes: [] });
    await forge('unknown-1', { key, worker: 'forger', times: {}, outcomes: [] });
    await untilPrinted(running, /Results that .* are dropped/);
    const worker = startWorker(redis.url, photos.folder);
    await untilPrinted(worker, /A chunk is refused that is not of this run/);
    await untilPrinted(worker, /Refused to read .*secret.jpg: it lies outside/);
    expect((await running.finished()).code).toBe(0);
    expect(await viewsOf(join(photos.folder, 'out'))).toEqual(await photos.expected());
  });

  it.skipIf(!hasOpenssl())('a password and TLS are used, and never printed or stored (needs openssl)', async () => {
    const { certPath, keyPath, cert } = await certificate();
    const password = randomBytes(12).toString('hex');
    const redis = await RedisServer.start({
      config: [
        ...['--requirepass', password, '--port', '0', '--tls-auth-clients', 'no'],
        ...['--tls-cert-file', certPath, '--tls-key-file', keyPath],
      ],
      client: { password, tls: { ca: cert } },
      tls: true,
    });
    const photos = await photosOf(1);
    const at = `127.0.0.1:${redis.port}`;
    const secure = `rediss://:${password}@${at}`;
    const ca = ['--queue-ca', certPath];
    const env = { PREANNOTATE_QUEUE: secure };
    const roots = ['--root', photos.folder, '--device', 'cpu', '--verbose', ...ca];
    const worker = end(new Running(['worker', ...roots], { env }));
    const args = queueArgs(photos, '').slice(0, -2);
    const { code, stderr, stdout } = await preannotate([...args, ...ca, '--json', '--verbose'], { env });
    expect(code).toBe(0);
    expect(await viewsOf(join(photos.folder, 'out'))).toEqual(await photos.expected());
    const printed = [stderr, stdout, worker.stderr, worker.stdout];
    for (const entry of await readdir(join(photos.folder, 'out'), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) printed.push(await readFile(join(entry.parentPath, entry.name), 'latin1'));
    }
    printed.push((await preannotate(['worker', ...roots, '--queue', `rediss://:${password}x@${at}`])).stderr);
    expect(printed.at(-1)).toMatch(/cannot be used: WRONGPASS[^]*Check user and password/);
    expect(stderr + worker.stderr).not.toContain('HELLO');
    expect(stderr + worker.stderr).not.toMatch(/ServerName|Warning:/i); // TLS names no address, and Node says so
    const anonymous = await preannotate(['worker', ...roots, '--queue', `rediss://${at}`]);
    expect(anonymous.stderr).toMatch(/needs a password \(NOAUTH\)\.\nGive it in PREANNOTATE_QUEUE/);
    printed.push((await preannotate(['worker', '--root', '/', '--queue', secure])).stderr);
    expect(printed.at(-1)).toMatch(/certificate[^]*--queue-ca/);
    const otherAddress = `rediss://:${password}@127.0.0.2:${redis.port}`;
    printed.push((await preannotate(['worker', ...roots, '--queue', otherAddress])).stderr);
    expect(printed.at(-1)).toMatch(/does not match certificate[^]*--queue-ca/);
    printed.push((await preannotate(['worker', '--root', '/', '--queue', `redis://:${password}@${at}`])).stderr);
    expect(printed.at(-1)).toMatch(/If it expects TLS, write rediss/);
    for (const text of printed) expect(text).not.toContain(password);
  });

  it('two runs share a Redis and a worker, each with its own ontology', async () => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    startWorker(redis.url, photos.folder);
    const dogs = join(photos.folder, 'dogs');
    const cats = ['run', photos.images, '--model', 'builtin:emoji', '--class', 'cat', '--device', 'cpu'];
    const local = await preannotate([...cats, '--out', join(photos.folder, 'local-cats')]);
    expect(local.code).toBe(0);
    const [first, second] = await Promise.all([
      preannotate(queueArgs(photos, redis.url)),
      preannotate([...cats, '--out', dogs, '--queue', redis.url]),
    ]);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(await viewsOf(join(photos.folder, 'out'))).toEqual(await photos.expected());
    expect(await viewsOf(dogs)).toEqual(await viewsOf(join(photos.folder, 'local-cats')));
    expect(await redis.client().keys('*')).toEqual([]);
  });

  it('a Redis that is full is reported, and the run goes on when there is room', async () => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    const running = end(new Running(queueArgs(photos, redis.url)));
    startWorker(redis.url, photos.folder, SLOW);
    await untilJournalled(join(photos.folder, 'out'), 1);
    await redis.client().config('SET', 'maxmemory', '1');
    await untilPrinted(running, /refuses to store work \(OOM .*Its memory is full: raise maxmemory/);
    await redis.client().config('SET', 'maxmemory', '0');
    expect((await running.finished()).code).toBe(0);
    expect(await viewsOf(join(photos.folder, 'out'))).toEqual(await photos.expected());
    await redis.client().config('SET', 'maxmemory-policy', 'allkeys-lru');
    await rm(join(photos.folder, 'out'), { recursive: true });
    const again = end(new Running(queueArgs(photos, redis.url)));
    await untilPrinted(again, /Set maxmemory-policy noeviction/);
  });
});

/** Starts the command line of the folder OTHER, whatever comes between. */
const OTHER = ['sh', '-c', 'shift 2; exec node "$OTHER/bin/preannotate.js" worker "$@"', 'sh'];

/** With another weight: the last bytes of the file. */
function flipped(bytes: Buffer): Buffer {
  const other = Buffer.from(bytes);
  other[other.length - 2]! ^= 1;
  return other;
}
