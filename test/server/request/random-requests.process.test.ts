import { expect, it } from 'vitest';
import { askOddly } from '../../support/clients/odd-clients.js';
import { scene, TestServer } from '../../support/server.js';

/** `npm run bench -- odd` does the same with other requests, for ten minutes. */
it('1,200 randomly damaged requests bring out no fault of the server, which then works as before', async () => {
  await using server = await TestServer.ready({
    args: ['--no-url', '--receive-timeout-sec', '4', '--workers-per-device', '1'],
    clockRate: 5,
  });
  const image = await scene('scene-01.jpg');
  const predict = async () => ({ ...((await (await server.post(image)).json()) as object), request_id: '' });
  const before = await predict();
  const { counts, faults } = await askOddly(server.url, Array.from({ length: 1200 }, (_, seed) => seed).values());
  expect(faults).toEqual([]);
  expect([...counts.keys()]).toEqual(
    expect.arrayContaining(['200', '400', '404', '405', '408', '413', '415', '422', '431', 'none']),
  );
  expect(await predict()).toEqual(before);
  expect(await server.metrics('worker_restarts_total')).toEqual([0]);
  expect(server.running.stderr).not.toContain('INTERNAL');
});
