import { mkdtemp, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate } from '../support/cli.js';
import { scene, TestServer } from '../support/server.js';

/** Processor time of processes, in hundredths of a second. */
function ticksOf(pids: readonly number[]): number {
  const fields = pids.map((pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' '));
  return fields.reduce((sum, field) => sum + Number(field[11]) + Number(field[12]), 0);
}

describe('a server that cannot start', () => {
  // Most of the time of each is the start of Node, which leaves the processor idle now and then.
  it.concurrent.each<[args: string[], message: RegExp]>([
    [['--model', '/nowhere'], /\/nowhere/],
    [['--body-limit', 'much'], /--body-limit must be a size/],
    [['--api-key-file', '/nowhere'], /--api-key-file/],
    [['--host', 'no such host'], /no such host:0 cannot be listened on/],
    [['--host', '192.0.2.1'], /192\.0\.2\.1:0 cannot be listened on.*\n.*--host/],
    [['--port', '65536'], /--port must be at most 65535/],
    [['--health-path', '/info'], /--health-path \/info is an address of the server already/],
    [['--health-path', '/predict'], /--health-path \/predict is an address of the server already/],
    [['--allow-host', 'http://example.org/'], /--allow-host http:\/\/example\.org\/ is not a host\.\n.*example\.org/],
    [['--compat', 'triton'], /--compat .*label-studio/],
    [['--label-studio-url', 'label-studio:8080'], /--label-studio-url must be an address such as http:\/\//],
  ])('because of %j exits 2 and prints the reason without a stack', async (args, message) => {
    const { code, stderr, stdout } = await preannotate(['serve', ...EMOJI, '--port', '0', ...args]);
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\bat .*:\d+:\d+/);
    expect(stdout).toBe('');
  });

  it.concurrent('because the model cannot be opened exits 2 and prints the cause', async () => {
    await using server = new TestServer({ fault: 'no-open.mjs' });
    const { code, stderr, stdout } = await server.finished();
    expect(code).toBe(2); // the model or the device cannot be used, so trying again does not help
    expect(stderr).toContain('this device is on strike');
    expect(stdout).toBe('');
  });

  it.concurrent('because one of several workers cannot open the model exits 2 and prints the cause', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
    const env = { STARTS: join(folder, 'starts'), STARTS_BADLY: '2' };
    await using server = new TestServer({ fault: 'no-reopen.mjs', env, args: ['--workers-per-device', '2'] });
    const { code, stdout, stderr } = await server.finished();
    await rm(folder, { recursive: true });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('the device has no memory left');
  });

  it.concurrent('because its workers die at once exits 1 and prints device and signal', async () => {
    await using server = new TestServer({ fault: 'no-start.mjs', clockRate: 10 });
    const { code, stderr } = await server.finished();
    expect(code).toBe(1);
    expect(stderr).toMatch(/cpu worker died 5 times in a row before it was ready \(signal SIGKILL\)/);
  });
});

it.skipIf(process.platform !== 'linux')(
  'a server that waits for requests uses hardly any processor time (needs /proc)',
  async () => {
    await using server = await TestServer.ready({ args: ['--max-batch-size', '4', '--batching-timeout-sec', '0.01'] });
    expect((await server.post(await scene('scene-01.jpg'))).status).toBe(200);
    const pids = [server.running.child.pid!, ...(await server.running.workers())];
    await sleep(500);
    const before = ticksOf(pids);
    await sleep(2000);
    expect(ticksOf(pids) - before).toBeLessThan(4); // hundredths of a second, of 200
  },
);
