import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { textsIn } from '../cli/remote/outputs.js';
import { EMOJI, preannotate, Running, SCENES, viewsOf } from '../support/cli.js';
import { startImageServer } from '../support/servers/image-server.js';
import { S3_ENVIRONMENT, startS3Server } from '../support/servers/s3-server.js';
import { hasRedis, RedisServer } from '../support/system/redis.js';
import { temporaryFolder } from '../support/temporary.js';
import { end, onlyQueue, startBareWorker, untilPrinted } from './queue-runs.js';

const NAMES = ['scene-01.jpg', 'scene-02.jpg', 'scene-10.png', 'scene-19.webp'];
const SECRET = 'hunter2';

/** The lines of a journal, in the order of image names. */
async function linesOf(out: string): Promise<string[]> {
  const [, ...lines] = (await readFile(join(out, 'detections.jsonl'), 'utf8')).trim().split('\n');
  return lines.sort();
}

describe.skipIf(!hasRedis)('remote images through a queue (needs redis-server)', () => {
  it('give the files of a local run, and what is secret in their addresses stays in the chunks', async () => {
    const redis = await RedisServer.start();
    using web = await startImageServer();
    using s3 = await startS3Server();
    s3.buckets.set('yard', new Map([['photos/3.jpg', await readFile(join(SCENES, 'scene-03.jpg'))]]));
    const folder = await temporaryFolder();
    const withPassword = web.origin.replace('http://', `http://user:${SECRET}@`);
    const urls = [
      ...NAMES.map((name) => `${web.origin}/${name}`),
      `${withPassword}/a/scene-04.jpg?token=${SECRET}`,
      `${web.origin}/missing.jpg`,
      's3://yard/photos/3.jpg',
    ];
    await writeFile(join(folder, 'urls.txt'), urls.join('\n'));
    const storage = ['--allow-private', '--s3-endpoint', s3.endpoint, '--s3-path-style'];
    const env = S3_ENVIRONMENT;
    const run = ['run', `@${join(folder, 'urls.txt')}`, ...EMOJI, ...storage, '--json', '--verbose', '-o'];
    const local = await preannotate([...run, join(folder, 'local'), '--device', 'cpu'], { env });
    expect(local.code).toBe(3); // an image is missing

    const out = join(folder, 'out');
    const running = end(new Running([...run, out, '--queue', redis.url], { env }));
    await untilPrinted(running, /Images go to workers/);
    const { id } = await onlyQueue(redis);
    const described = await redis.client().get(`preannotate:${id}:run`);
    expect(JSON.parse(described!)).toMatchObject({ hosts: [web.origin, 's3://yard'] });
    const allowed = ['--allow-host', web.host, '--allow-host', 's3://yard'];
    const worker = startBareWorker(redis.url, { args: [...allowed, ...storage, '--verbose'], env });
    const { code, stdout, stderr } = await running.finished();
    expect(code).toBe(3);
    expect(await viewsOf(out)).toEqual(await viewsOf(join(folder, 'local')));
    expect(await linesOf(out)).toEqual(await linesOf(join(folder, 'local')));
    const errors = (await readFile(join(out, 'errors.jsonl'), 'utf8')).trim();
    expect(JSON.parse(errors)).toMatchObject({ image: `${web.host}/missing.jpg`, code: 'URL_FETCH_FAILED' });
    await untilPrinted(worker, /has ended/);
    expect(await redis.client().keys('*')).toEqual([]);
    for (const text of [described!, stdout, stderr, worker.stdout, worker.stderr, ...(await textsIn(out))])
      expect(text.includes(SECRET)).toBe(false);
  });

  it('are fetched only from the hosts and buckets that a worker allows', async () => {
    const redis = await RedisServer.start();
    using web = await startImageServer();
    const out = join(await temporaryFolder(), 'out');
    const url = `${web.origin}/scene-01.jpg`;
    const running = end(new Running(['run', url, ...EMOJI, '--allow-private', '-o', out, '--queue', redis.url]));
    const bare = startBareWorker(redis.url, { args: ['--root', out] });
    await untilPrinted(bare, /images are on http:.*, and it was started without --allow-host/);
    const refusal = new RegExp(`images are on ${web.origin}, and it may fetch from 127.0.0.1, s3://yard`);
    const usualPorts = startBareWorker(redis.url, { args: ['--allow-host', '127.0.0.1', '--allow-host', 's3://yard'] });
    await untilPrinted(usualPorts, refusal);
    await untilPrinted(running, /cannot take part: images are on http/);
    const advice = `--allow-host ${web.host} --allow-private`;
    await untilPrinted(running, new RegExp(`No worker for 10 s.*preannotate worker .* ${advice}`));

    const { key, queue } = await onlyQueue(redis);
    const outside = [
      { name: 'elsewhere', url: 'http://127.0.0.2/scene-01.jpg' },
      { name: 'bucket', url: 's3://other/scene-01.jpg' },
      { name: '../../etc/hostname' },
    ];
    await queue.add('chunk', { key, images: outside }, { jobId: 'forged-1', lifo: true });
    const worker = startBareWorker(redis.url, { args: ['--allow-host', web.host, '--allow-private'] });
    await untilPrinted(worker, /Refused to read elsewhere: it lies outside the hosts and buckets/);
    await untilPrinted(worker, /Refused to read bucket: it lies outside the hosts and buckets/);
    await untilPrinted(worker, /Refused to read .*hostname: it lies outside the folders/);
    expect((await running.finished()).code).toBe(0);
    expect([...web.requests]).toEqual([['/scene-01.jpg', 1]]);
  });

  it('are fetched from private addresses only by a worker that allows it', async () => {
    const redis = await RedisServer.start();
    using web = await startImageServer();
    const out = join(await temporaryFolder(), 'out');
    startBareWorker(redis.url, { args: ['--allow-host', web.host] });
    const url = `${web.origin}/scene-01.jpg`;
    const args = ['run', url, ...EMOJI, '--allow-private', '-o', out, '--queue', redis.url];
    const { code, stdout } = await preannotate(args);
    expect(code).toBe(3);
    expect(stdout).toContain('which needs --allow-private');
    expect(web.seen).toEqual([]);
  });

  it('an entry of --allow-host that is neither a host nor a bucket is refused', async () => {
    for (const entry of ['s3://bucket/key', 'https://example.org', 'a/b']) {
      const args = ['worker', '--queue', 'redis://127.0.0.1:1', '--allow-host', entry];
      const { code, stderr } = await preannotate(args);
      expect(code).toBe(2);
      expect(stderr).toContain(`--allow-host ${entry} is not a`);
    }
  });
});
