import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { journalled, preannotate, Running, SCENES, untilJournalled, viewsOf } from '../support/cli.js';
import { hasRedis, RedisServer } from '../support/system/redis.js';
import { temporaryFolder } from '../support/temporary.js';
import { annotateLocally, end, photosOf, queueArgs, startWorker, untilPrinted } from './queue-runs.js';

describe.skipIf(!hasRedis)('examples and parts of a run through a queue (needs redis-server)', () => {
  it('example images give the views of a local run; a worker whose example differs is refused by name', async () => {
    const redis = await RedisServer.start();
    const folder = await temporaryFolder();
    const images = join(folder, 'images');
    const ontology = join(folder, 'ontology.yaml');
    await mkdir(images);
    for (const name of ['scene-01.jpg', 'scene-02.jpg']) await copyFile(join(SCENES, name), join(images, name));
    await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'bottle.jpg'));
    const example = '{ image: bottle.jpg, box: [34, 130, 129, 186] }';
    await writeFile(ontology, `classes:\n  - { name: bottle, examples: [${example}] }\n`);
    const args = ['run', images, '--model', 'builtin:emoji', '--ontology', ontology, '--out'];
    expect((await preannotate([...args, join(folder, 'local'), '--device', 'cpu'])).code).toBe(0);

    const out = join(folder, 'out');
    const running = end(new Running([...args, out, '--queue', redis.url]));
    await untilPrinted(running, /Images go to workers/);
    const cache = { XDG_CACHE_HOME: join(folder, 'cache') }; // has no embedding of the example
    await copyFile(join(SCENES, 'scene-02.jpg'), join(folder, 'bottle.jpg'));
    const other = startWorker(redis.url, folder, { env: cache });
    await untilPrinted(other, /Cannot take part in run .*bottle.jpg .*tries again every minute/);
    await untilPrinted(running, /cannot take part: .*bottle.jpg .*tries again every minute/);
    while ((await other.workers()).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'bottle.jpg'));
    startWorker(redis.url, folder, { env: cache });
    expect((await running.finished()).code).toBe(0);
    expect(await viewsOf(out)).toEqual(await viewsOf(join(folder, 'local')));
  });

  it('two parts of a run share a queue and a worker, and merge to the views of a local run', async () => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    startWorker(redis.url, photos.folder);
    const parts = await Promise.all(
      ['1/2', '2/2'].map((part) => preannotate([...queueArgs(photos, redis.url), '--shard', part])),
    );
    expect(parts.map(({ code }) => code)).toEqual([0, 0]);
    const out = join(photos.folder, 'out');
    expect((await preannotate(['merge', out])).code).toBe(0);
    expect(await viewsOf(out)).toEqual(await photos.expected());
    expect(await redis.client().keys('*')).toEqual([]);
  });

  it('--watch hands images out as they arrive, and ends with 0 and what a local run finds', async () => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    const images = join(photos.folder, 'arriving');
    await mkdir(images);
    const args = queueArgs({ ...photos, images }, redis.url);
    const running = end(new Running([...args, '--watch']));
    startWorker(redis.url, photos.folder);
    await untilPrinted(running, /takes part/);
    await cp(photos.images, images, { recursive: true });
    await untilJournalled(join(photos.folder, 'out'), photos.total);
    running.child.kill('SIGTERM');
    expect((await running.finished()).code).toBe(0);
    const expected = await annotateLocally(photos);
    // Numbers of images are in the order in which they arrived.
    const found = async (out: string) =>
      (await journalled(join(photos.folder, out)))
        .map((entry) => JSON.stringify({ ...entry, id: 0, modified_ms: 0, check: '' }))
        .sort();
    expect(await found('out')).toEqual(await found('local'));
    expect(Object.keys(await viewsOf(join(photos.folder, 'out')))).toEqual(Object.keys(expected));
  });
});
