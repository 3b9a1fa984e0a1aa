import { join } from 'node:path';
import { expect, it } from 'vitest';
import { journalled, Running, untilJournalled, viewsOf } from '../support/cli.js';
import { canMakeHosts, makeHosts, type NetworkHost } from '../support/system/network-hosts.js';
import { hasRedis, RedisServer } from '../support/system/redis.js';
import { end, photosOf, queueArgs, startWorker, untilPrinted, withFault } from './queue-runs.js';

const SLOW = withFault('slow.mjs', { SLOW_MS: '700' });

it.skipIf(!hasRedis || !canMakeHosts)(
  'a host that is cut off in a run and joins again changes nothing (needs redis-server, root and network namespaces)',
  async () => {
    const [main, steady, unsteady] = makeHosts(3) as [NetworkHost, NetworkHost, NetworkHost];
    const photos = await photosOf(2);
    const redis = await RedisServer.start({ prefix: main.prefix, config: ['--protected-mode', 'no'] });
    const url = `redis://${main.address}:${redis.port}`;
    const running = end(new Running(queueArgs(photos, url), { prefix: main.prefix }));
    startWorker(url, photos.folder, { ...SLOW, prefix: steady.prefix });
    const lost = startWorker(url, photos.folder, { ...SLOW, prefix: unsteady.prefix });
    await untilPrinted(running, /2 workers now/);
    await untilJournalled(join(photos.folder, 'out'), 5);
    unsteady.cut();
    await untilPrinted(lost, /does not answer/);
    unsteady.join();
    await untilPrinted(lost, /answers again after \d+ s; work goes on/);
    const { code } = await running.finished();
    expect(code).toBe(0);
    expect(await viewsOf(join(photos.folder, 'out'))).toEqual(await photos.expected());
    const names = (await journalled(join(photos.folder, 'out'))).map(({ image }) => image);
    expect(names).toHaveLength(photos.total);
  },
);
