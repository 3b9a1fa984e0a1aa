import { cp, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preannotate, Running } from '../../support/cli.js';
import { FIXTURES } from '../../support/model/golden.js';
import { HubServer, REPO, type Trick } from '../../support/servers/hub-server.js';
import { machine, WEIGHTS, WEIGHTS_BYTES } from './machine.js';

/** Sends the weights when the promise is kept. */
function once(promise: Promise<unknown>): Trick {
  return async (_request, _response, { path, method }) => {
    if (method === 'GET' && path.startsWith('/cdn/')) await promise;
    return false;
  };
}

/** Sends the weights slowly: a piece, then a pause. */
function slowly(pauseMs: number): Trick {
  return async (request, response, { path, method }) => {
    if (method !== 'GET' || !path.startsWith('/cdn/')) return false;
    const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
    const range = { 'content-range': `bytes ${from}-${WEIGHTS_BYTES.length - 1}/${WEIGHTS_BYTES.length}` };
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': WEIGHTS_BYTES.length - from,
      ...(from > 0 ? range : {}),
    });
    for (let at = from; at < WEIGHTS_BYTES.length && !response.destroyed; at += 100_000) {
      response.write(WEIGHTS_BYTES.subarray(at, at + 100_000));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    response.end();
    return true;
  };
}

const sizeOf = (path: string) =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

describe('run with a model of the hub', () => {
  it('fetches it on first use, logs that on stderr, and needs no network afterwards', async () => {
    const hub = await HubServer.start();
    const { run, snapshot } = await machine(hub);
    const first = await run('one');
    expect(first).toMatchObject({ code: 0 });
    expect(first.stderr).toMatch(
      /Fetching google\/owlvit-tiny from http[^]*Fetching the model: 986\.9 kB of 986\.9 kB.*\(100 %\)/,
    );
    expect(first.stdout).not.toMatch(/Fetching/);
    expect((await readdir(snapshot)).length).toBe(8);
    hub.seen.length = 0;
    const second = await run('two');
    expect(second).toMatchObject({ code: 0 });
    expect(second.stderr).not.toMatch(/Fetching/);
    expect(hub.seen).toEqual([]);
  });

  it('--quiet is silent, and --dry-run fetches nothing', async () => {
    const hub = await HubServer.start();
    const { run } = await machine(hub);
    const dry = await run('dry', '--dry-run');
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringMatching(/owlvit-tiny \(to be downloaded first\)/) });
    expect(hub.seen).toEqual([]);
    expect(await run('out', '--quiet')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('a folder of that name wins over the hub', async () => {
    const hub = await HubServer.start();
    const { run, folder } = await machine(hub);
    await cp(join(FIXTURES, 'models/owlvit-tiny'), join(folder, REPO), { recursive: true });
    expect(await run('out')).toMatchObject({ code: 0 });
    expect(hub.seen).toEqual([]);
  });

  it('ends at once with exit code 2 and a hint when it is offline and the model is missing', async () => {
    const { runArgs, env, folder } = await machine();
    const result = await preannotate(runArgs('out'), { env: { ...env, HF_HUB_OFFLINE: '1' }, cwd: folder });
    expect(result).toMatchObject({ code: 2 });
    expect(result.stderr).toMatch(/HF_HUB_OFFLINE[^]*preannotate models pull google\/owlvit-tiny[^]*builtin:emoji/);
  });

  it('four at once fetch it once, and all four start', async () => {
    let release = () => {};
    const hub = await HubServer.start({ trick: once(new Promise<void>((resolve) => (release = resolve))) });
    const { runArgs, env, folder, root } = await machine(hub);
    const all = ['a', 'b', 'c', 'd'].map((out) => new Running(runArgs(out), { env, cwd: folder }));
    const finished = Promise.all(all.map((running) => running.finished()));
    const waiting = () => all.filter(({ stderr }) => stderr.includes('Waiting for process')).length;
    await expect.poll(waiting, { timeout: 60_000 }).toBe(3); // before the fourth has the weights
    release();
    expect((await finished).map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(waiting()).toBe(3);
    expect(hub.fetches(WEIGHTS)).toHaveLength(1);
    expect(hub.seen.filter(({ path }) => path.startsWith('/api/'))).toHaveLength(1);
    expect((await readdir(join(root, 'blobs'))).length).toBe(8);
  });

  it('killed in the middle, the next start takes over and goes on from there', async () => {
    const hub = await HubServer.start({ trick: slowly(200) });
    const { run, runArgs, env, folder, incomplete, snapshot } = await machine(hub);
    const killed = new Running(runArgs('out'), { env, cwd: folder });
    while ((await sizeOf(incomplete)) < WEIGHTS_BYTES.length / 2)
      await new Promise((resolve) => setTimeout(resolve, 20));
    killed.child.kill('SIGKILL');
    await killed.finished();
    const size = await sizeOf(incomplete);
    hub.trick = undefined;
    expect(await run('out')).toMatchObject({ code: 0 });
    expect(hub.fetches(WEIGHTS).map(({ range }) => range)).toEqual([undefined, `bytes=${size}-`]);
    expect((await readFile(join(snapshot, WEIGHTS))).equals(WEIGHTS_BYTES)).toBe(true);
  });

  it('interrupted while fetching, exits 130 and keeps what came', async () => {
    const hub = await HubServer.start({ trick: slowly(200) });
    const { runArgs, env, folder, incomplete } = await machine(hub);
    const running = new Running(runArgs('out'), { env, cwd: folder });
    while ((await sizeOf(incomplete)) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    running.child.kill('SIGINT');
    expect(await running.finished()).toMatchObject({ code: 130 });
    expect(await sizeOf(incomplete)).toBeGreaterThan(0);
  });
});
