import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preannotate, Running, SCENES } from '../support/cli.js';
import { canMount, resizeDisk, smallDisk } from '../support/system/disk.js';
import { FIXTURES } from '../support/model/golden.js';
import { COMMIT, etagOf, HubServer, REPO, tinyModel, type Trick } from '../support/servers/hub-server.js';
import { temporaryFolder } from '../support/temporary.js';

const WEIGHTS = 'model.safetensors';
const bytes = tinyModel()[WEIGHTS]!;

let pulled: string; // a cache that holds the model, to copy from
beforeAll(async () => {
  pulled = await mkdtemp(join(tmpdir(), 'preannotate-pulled-'));
});
afterAll(() => rm(pulled, { recursive: true }));

/** A machine whose cache holds the model, as `models pull` left it. */
async function machineWithModel(hub: HubServer) {
  const template = join(pulled, 'hub');
  const made = await machine(hub);
  const cache = join(made.folder, 'hf/hub');
  if (existsSync(template)) await cp(template, cache, { recursive: true, verbatimSymlinks: true });
  else {
    expect(await made.models('pull', REPO)).toMatchObject({ code: 0 });
    await cp(cache, template, { recursive: true, verbatimSymlinks: true });
  }
  hub.seen.length = 0;
  return made;
}

/** A machine of its own: environment, cache and folders. */
async function machine(hub?: HubServer) {
  const folder = await temporaryFolder();
  const env = {
    HF_HOME: join(folder, 'hf'),
    HF_HUB_CACHE: '',
    HF_TOKEN: '',
    HF_HUB_OFFLINE: '',
    HTTP_PROXY: '',
    http_proxy: '',
    XDG_CACHE_HOME: join(folder, 'xdg'),
    HF_ENDPOINT: hub?.url ?? 'http://127.0.0.1:9',
  };
  const root = join(folder, 'hf/hub/models--google--owlvit-tiny');
  const runArgs = (out: string, model = REPO) => [
    'run',
    join(SCENES, 'scene-01.jpg'),
    '--model',
    model,
    '--class',
    'dog=a dog',
    '--out',
    join(folder, out),
  ];
  return {
    folder,
    env,
    root,
    snapshot: join(root, 'snapshots', COMMIT),
    incomplete: join(root, 'blobs', `${etagOf(WEIGHTS, bytes)}.incomplete`),
    models: (...args: string[]) => preannotate(['models', ...args], { env, cwd: folder }),
    runArgs,
    run: (out: string, ...more: string[]) => preannotate([...runArgs(out), ...more], { env, cwd: folder }),
  };
}

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
    const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from, ...(from > 0 ? range : {}) });
    for (let at = from; at < bytes.length && !response.destroyed; at += 100_000) {
      response.write(bytes.subarray(at, at + 100_000));
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
    while ((await sizeOf(incomplete)) < bytes.length / 2) await new Promise((resolve) => setTimeout(resolve, 20));
    killed.child.kill('SIGKILL');
    await killed.finished();
    const size = await sizeOf(incomplete);
    hub.trick = undefined;
    expect(await run('out')).toMatchObject({ code: 0 });
    expect(hub.fetches(WEIGHTS).map(({ range }) => range)).toEqual([undefined, `bytes=${size}-`]);
    expect((await readFile(join(snapshot, WEIGHTS))).equals(bytes)).toBe(true);
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

describe.skipIf(!canMount)('a pull into a full disk (skipped where no disk can be mounted)', () => {
  it('names the file and the reason; with more room, the same command goes on from there', async () => {
    const hub = await HubServer.start();
    const disk = await smallDisk('600k');
    const { env, folder } = await machine(hub);
    const pull = () => preannotate(['models', 'pull', REPO], { env: { ...env, HF_HUB_CACHE: disk }, cwd: folder });
    const full = await pull();
    expect(full).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/incomplete cannot be written: the disk is full/),
    });
    resizeDisk(disk, '4m');
    expect(await pull()).toMatchObject({ code: 0 });
    expect(hub.fetches(WEIGHTS)[1]!.range).toMatch(/^bytes=[1-9]/);
  });
});

describe('damaged model files', () => {
  const flipped = Buffer.from(bytes);
  flipped[flipped.length - 100]! ^= 1;

  it.each<[string, Buffer, RegExp]>([
    ['cut', bytes.subarray(0, 700_000), /damaged/],
    ['with a flipped bit', flipped, /damaged/],
    ['a web page', Buffer.from('<!DOCTYPE html><html>Not found</html>'), /web page/],
    ['empty', Buffer.alloc(0), /empty/],
    ['of another model', Buffer.alloc(1000, 3), /damaged/],
  ])(
    '%s make a run exit 2 with both hashes and the command that repairs it, which does',
    async (_title, content, look) => {
      const hub = await HubServer.start();
      const { models, run, root, folder, snapshot } = await machineWithModel(hub);
      const expected = etagOf(WEIGHTS, bytes);
      await writeFile(join(root, 'blobs', expected), content);

      const broken = await run('out');
      expect(broken).toMatchObject({ code: 2, stdout: '' });
      expect(broken.stderr).toMatch(look);
      expect(broken.stderr).toContain(`should be ${expected}, and is ${etagOf(WEIGHTS, content)}`);
      expect(broken.stderr).toContain(join(snapshot, WEIGHTS));
      expect(broken.stderr).toContain(`preannotate models pull ${REPO}`);
      expect(await readdir(join(folder, 'out')).catch(() => [])).not.toContain('detections.jsonl');

      const repaired = await models('pull', REPO);
      expect(repaired).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/model\.safetensors +943\.8 kB {2}repaired/),
      });
      expect(await run('out')).toMatchObject({ code: 0 });
    },
  );

  it('small ones are found out as well, and in a folder of the cache that is named directly', async () => {
    const hub = await HubServer.start();
    const { runArgs, env, snapshot, root } = await machineWithModel(hub);
    const config = tinyModel()['config.json']!;
    await writeFile(join(root, 'blobs', etagOf('config.json', config)), '{"model_type":"owlvit"}');
    const { code, stderr } = await preannotate(runArgs('out', snapshot), { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(/config\.json is damaged: its git SHA-1 should be/);
    expect(stderr).toContain(`preannotate models pull ${REPO}@${COMMIT}`);
  });
});

describe('models pull', () => {
  it('prints what was fetched and what was there, as text and as JSON', async () => {
    const hub = await HubServer.start();
    const { models, snapshot } = await machine(hub);
    const first = await models('pull', REPO);
    expect(first.stdout).toMatch(new RegExp(`${REPO} is at ${COMMIT}\n  config\\.json +1\\.1 kB  fetched`));
    const again = await models('pull', REPO, '--json');
    const result = JSON.parse(again.stdout) as { files: { name: string; hash: string; state: string }[] };
    expect(result).toMatchObject({ reference: REPO, commit: COMMIT, path: snapshot });
    expect(result.files).toContainEqual({
      name: WEIGHTS,
      hash: etagOf(WEIGHTS, bytes),
      size_bytes: bytes.length,
      state: 'present',
    });
    expect(again.stderr).toBe('');
  });

  it('of the built-in model has nothing to do; of a folder is refused', async () => {
    const { models } = await machine();
    expect(await models('pull', 'builtin:emoji')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ships with/),
    });
    expect(await models('pull', './xdg-not-there')).toMatchObject({ code: 2 });
    expect(await models('pull', '.')).toMatchObject({ code: 2, stderr: expect.stringMatching(/org\/name/) });
  });

  it('of a gated model exits 2 and names HF_TOKEN; without a network exits 1', async () => {
    const hub = await HubServer.start({
      trick: (_request, response) => {
        response.writeHead(403, { 'x-error-code': 'GatedRepo' }).end();
        return true;
      },
    });
    const gated = await machine(hub);
    expect(await gated.models('pull', REPO)).toMatchObject({ code: 2, stderr: expect.stringMatching(/HF_TOKEN/) });
    const alone = await machine();
    expect(await alone.models('pull', REPO)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/could not be fetched/),
    });
  });
});

describe('models list, info, verify', () => {
  it('list shows the built-in model and those of the cache that can be used', async () => {
    const hub = await HubServer.start();
    const { models, root, folder } = await machineWithModel(hub);
    await models('pull', `${REPO}@v1`);
    const other = join(root, '../models--meta--llm/snapshots', COMMIT);
    await mkdir(other, { recursive: true });
    await writeFile(join(other, 'config.json'), '{"model_type": "llama"}');
    const { stdout } = await models('list');
    expect(stdout).toMatch(/^builtin:emoji +2\.\d MB {2}shipped/);
    expect(stdout).toMatch(/\ngoogle\/owlvit-tiny +986\.9 kB {2}c0ffee012345 {2}\//);
    expect(stdout).not.toMatch(/llm/);
    expect(stdout).toMatch(/1 more/);
    const listed = JSON.parse((await models('list', '--json')).stdout) as { cache: string; models: unknown[] };
    expect(listed.cache).toBe(join(folder, 'hf/hub'));
    expect(listed.models).toHaveLength(2);
  });

  it('list shows how fast a model is here, once bench has measured it', async () => {
    const { models, env, folder } = await machine();
    expect((await models('list')).stdout).not.toMatch(/images\/s here/);
    const args = [
      'bench',
      '--model',
      'builtin:emoji',
      '--device',
      'cpu',
      '--precision',
      'fp32',
      '--budget',
      '3s',
      '--quiet',
    ];
    expect(await preannotate(args, { env, cwd: folder })).toMatchObject({ code: 0 });
    expect((await models('list')).stdout).toMatch(/^builtin:emoji .* {2}[\d.]+ images\/s here in fp32\n/);
    expect(JSON.parse((await models('list', '--json')).stdout)).toMatchObject({
      models: [{ reference: 'builtin:emoji', measured: { images_per_sec: { fp32: expect.any(Number) as number } } }],
    });
  });

  it('info shows type, sizes, weights and the hash of each file, and fetches nothing', async () => {
    const hub = await HubServer.start();
    const empty = await machine(hub);
    expect(await empty.models('info', REPO)).toMatchObject({ code: 2, stderr: expect.stringMatching(/models pull/) });
    const { models } = await machineWithModel(hub);
    const info = JSON.parse((await models('info', REPO, '--json')).stdout) as Record<string, unknown>;
    expect(info).toMatchObject({
      type: 'owlvit',
      commit: COMMIT,
      image_size: 96,
      patch_size: 16,
      weights: ['float32'],
      sha256: etagOf(WEIGHTS, bytes),
      files: expect.arrayContaining([{ name: WEIGHTS, size_bytes: bytes.length, hash: etagOf(WEIGHTS, bytes) }]),
    });
    expect(hub.seen).toEqual([]);
    expect((await models('info', 'builtin:emoji')).stdout).toMatch(/type +owlvit, \d/);
    expect(await models('info', join(FIXTURES, 'models/owlv2-tiny'))).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/owlv2/),
    });
  });

  it('verify reads every file and names the damaged ones and the command that repairs them; it exits 2', async () => {
    const hub = await HubServer.start();
    const { models, root } = await machineWithModel(hub);
    expect(await models('verify')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/owlvit-tiny: 8 files are intact/),
    });
    const flipped = Buffer.from(bytes);
    flipped[5000]! ^= 1;
    await writeFile(join(root, 'blobs', etagOf(WEIGHTS, bytes)), flipped);
    await rm(join(root, 'blobs', etagOf('vocab.json', tinyModel()['vocab.json']!)));
    const { code, stdout } = await models('verify', REPO);
    expect(code).toBe(2);
    expect(stdout).toMatch(/2 of 8 files are damaged/);
    expect(stdout).toContain(etagOf(WEIGHTS, flipped));
    expect(stdout).toMatch(/missing/);
    expect(stdout).toContain(`preannotate models pull ${REPO}`);
    expect(JSON.parse((await models('verify', '--json')).stdout)).toMatchObject({ intact: false });
    await models('pull', REPO);
    expect(await models('verify', REPO)).toMatchObject({ code: 0 });
  });
});

describe('models rm', () => {
  it('removes a model with all its revisions, prints what went, and leaves other models alone', async () => {
    const hub = await HubServer.start();
    const { models, root } = await machineWithModel(hub);
    const other = join(root, '../models--google--other/snapshots', COMMIT);
    await mkdir(other, { recursive: true });
    await writeFile(join(other, 'config.json'), '{}');
    const { code, stdout } = await models('rm', REPO);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Removed google\/owlvit-tiny \(1 revision, \d+\.\d kB\)/),
    });
    expect(await readdir(join(root, '..'))).toEqual(['.locks', 'models--google--other']);
    expect(await models('rm', REPO)).toMatchObject({ code: 2, stderr: expect.stringMatching(/is not in/) });
  });

  it('of one revision keeps what the others need', async () => {
    const hub = await HubServer.start();
    const { models, root } = await machine(hub);
    await models('pull', `${REPO}@v1`);
    hub.commit = 'beef'.repeat(10);
    hub.files['config.json'] = Buffer.from(`${tinyModel()['config.json']!.toString()} `);
    await models('pull', REPO);
    expect(await readdir(join(root, 'blobs'))).toHaveLength(9);
    const { stdout } = await models('rm', `${REPO}@v1`);
    expect(stdout).toMatch(/7 files remain/);
    expect(await readdir(join(root, 'refs'))).toEqual(['main']);
    expect(await readdir(join(root, 'snapshots'))).toEqual([hub.commit]);
    expect(await models('verify', REPO)).toMatchObject({ code: 0 });
  });

  it('of one of two names of a revision takes away the name alone', async () => {
    const hub = await HubServer.start();
    const { models, root } = await machineWithModel(hub);
    await models('pull', `${REPO}@v1`);
    expect((await models('rm', `${REPO}@v1`)).stdout).toBe(
      `Removed the name ${REPO}@v1; the same revision remains as main.\n`,
    );
    expect(await readdir(join(root, 'refs'))).toEqual(['main']);
    expect(await models('verify', REPO)).toMatchObject({ code: 0 });
  });

  it("keeps a blob that another model's snapshot links to", async () => {
    const hub = await HubServer.start();
    const { models, root } = await machineWithModel(hub);
    const other = join(root, '../models--google--other/snapshots', COMMIT);
    await mkdir(other, { recursive: true });
    const etag = etagOf(WEIGHTS, bytes);
    await symlink(`../../../models--google--owlvit-tiny/blobs/${etag}`, join(other, WEIGHTS));
    expect((await models('rm', REPO)).stdout).toMatch(/1 file remains/);
    expect((await readFile(join(other, WEIGHTS))).equals(bytes)).toBe(true);
    expect(await readdir(join(root, 'blobs'))).toEqual([etag]);
  });

  it('never leaves the cache: links are not followed, hostile names refused', async () => {
    const hub = await HubServer.start();
    const { models, root, folder, snapshot } = await machineWithModel(hub);
    const precious = join(folder, 'precious');
    await mkdir(precious);
    await writeFile(join(precious, etagOf(WEIGHTS, bytes)), 'mine');
    const hostile = ['../precious', 'a/../../precious', `${REPO}@../../../precious`, '/tmp', 'builtin:emoji'];
    for (const { code } of await Promise.all(hostile.map((reference) => models('rm', reference)))) {
      expect(code).toBe(2);
    }
    await symlink(join(precious, etagOf(WEIGHTS, bytes)), join(snapshot, 'extra'));
    await symlink(precious, join(snapshot, 'folder'));
    expect(await models('rm', REPO)).toMatchObject({ code: 0 });
    await mkdir(root);
    await symlink(precious, join(root, 'blobs'));
    await mkdir(join(root, 'snapshots'));
    expect(await models('rm', REPO)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is not a folder of the cache/),
    });
    expect(await readdir(precious)).toEqual([etagOf(WEIGHTS, bytes)]);
  });
});

describe('help of models', () => {
  it.each(['list', 'pull', 'info', 'verify', 'rm'])('models %s --help has examples', async (name) => {
    const { models } = await machine();
    expect(await models(name, '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`Examples:\n  preannotate models ${name}`)),
    });
  });

  it('without a command lists them all and exits 2', async () => {
    const { models } = await machine();
    const { code, stderr, stdout } = await models();
    expect(code).toBe(2);
    expect(stdout + stderr).toMatch(/list[^]*pull[^]*info[^]*verify[^]*rm/);
  });
});
