import { copyFile, mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../support/cli.js';
import { scene, TestServer } from '../support/server.js';
import { temporaryFolder } from '../support/temporary.js';

const STORED = ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg'];
const NOT_STORED = 'scene-04.jpg';
const ONTOLOGIES = [{ 'a photo of a dog': 'dog' }, { 'a photo of a wine glass': 'glass' }, { 'a red thing': 'red' }];
const ONE_WORKER = ['--workers-per-device', '1'];

let stored: string; // folder of features, of the images above
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'preannotate-serve-features-'));
  stored = join(folder, 'features');
  await mkdir(join(folder, 'images'));
  for (const name of STORED) await copyFile(join(SCENES, name), join(folder, 'images', name));
  const args = ['run', join(folder, 'images'), ...EMOJI, '--features', stored, '--out', join(folder, 'out')];
  expect(await preannotate(args)).toMatchObject({ code: 0 });
});
afterAll(() => rm(join(stored, '..'), { recursive: true }));

const images = (server: TestServer, result: 'hit' | 'miss' | 'damaged') =>
  server.metric(`feature_images_total{result="${result}"}`);

async function answerOf(request: Promise<Response>) {
  const response = await request;
  expect(response.status).toBe(200);
  const { request_id: _, ...answer } = (await response.json()) as Record<string, unknown>;
  return answer;
}

const queryOf = (ontology: unknown) => `?ontology=${encodeURIComponent(JSON.stringify(ontology))}&score_threshold=0.1`;

/** Every file with its time of change: what only reading must leave as it is. */
async function stateOf(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).sort();
  return Promise.all(names.map(async (name) => `${name} ${(await stat(join(folder, name))).mtimeMs}`));
}

async function copyOfStored(): Promise<string> {
  const copy = join(await temporaryFolder(), 'features');
  for (const name of await readdir(stored, { recursive: true })) {
    if ((await stat(join(stored, name))).isDirectory()) await mkdir(join(copy, name), { recursive: true });
    else {
      await mkdir(join(copy, name, '..'), { recursive: true });
      await copyFile(join(stored, name), join(copy, name));
    }
  }
  return copy;
}

describe('serve --features', () => {
  it('answers images that it has by content as those it encodes, also for several ontologies at once', async () => {
    await using writing = await TestServer.ready({
      args: ['--features', join(await temporaryFolder(), 'new'), '--features-write', ...ONE_WORKER],
    });
    expect(await (await writing.fetch('/info')).json()).toMatchObject({ server: { features: 'read and write' } });
    const bytes = await scene(STORED[0]!);
    const computed = [];
    for (const ontology of ONTOLOGIES) computed.push(await answerOf(writing.post(bytes, { query: queryOf(ontology) })));
    expect([await images(writing, 'miss'), await images(writing, 'hit')]).toEqual([1, 2]);

    const before = await stateOf(stored);
    const args = ['--features', stored, ...ONE_WORKER, '--max-batch-size', '8', '--batching-timeout-sec', '1'];
    await using server = await TestServer.ready({ args });
    for (const [i, ontology] of ONTOLOGIES.entries()) {
      expect(await answerOf(server.post(bytes, { query: queryOf(ontology) }))).toEqual(computed[i]);
    }
    expect(computed.some(({ boxes }) => (boxes as unknown[]).length > 0)).toBe(true);
    const together = ONTOLOGIES.map((ontology) => answerOf(server.post(bytes, { query: queryOf(ontology) })));
    expect(await Promise.all(together)).toEqual(computed);
    expect([await images(server, 'hit'), await server.metric('batch_size_sum')]).toEqual([6, 6]);
    const answers = (await (await server.postBatch(await Promise.all(STORED.map(scene)))).json()) as {
      results: { boxes: unknown[] }[];
    };
    expect(answers.results).toHaveLength(3);

    // An image that it does not have is encoded each time: nothing is written.
    const other = await scene(NOT_STORED);
    const encoded = await answerOf(server.post(other));
    expect(await answerOf(server.post(other))).toEqual(encoded);
    expect([await images(server, 'hit'), await images(server, 'miss')]).toEqual([9, 2]);
    expect(await stateOf(stored)).toEqual(before);
  });

  it('does not encode what it has', async () => {
    await using server = await TestServer.ready({
      fault: 'features/no-image-encoder.mjs',
      args: ['--features', stored],
    });
    expect((await server.post(await scene(STORED[1]!))).status).toBe(200);
    expect((await server.post(await scene(NOT_STORED))).status).toBe(503);
  });

  it('computes damaged features again, and puts sound ones there only with --features-write', async () => {
    const features = await copyOfStored();
    const names = await readdir(features, { recursive: true });
    const damaged = names.filter((name) => name.endsWith('.safetensors')).map((name) => join(features, name));
    for (const path of damaged) await truncate(path, 1000);
    const bytes = await scene(STORED[0]!);
    await using reading = await TestServer.ready({ args: ['--features', features] });
    const answer = await answerOf(reading.post(bytes));
    expect(await images(reading, 'damaged')).toBe(1);
    expect(reading.running.stderr).toMatch(/does not fit its checksum|cannot be used/);
    await using writing = await TestServer.ready({ args: ['--features', features, '--features-write'] });
    expect(await answerOf(writing.post(bytes))).toEqual(answer);
    expect(await answerOf(writing.post(bytes))).toEqual(answer);
    expect([await images(writing, 'damaged'), await images(writing, 'hit')]).toEqual([1, 1]);
    expect(writing.running.stderr).toContain('To limit the folder: --features-max-bytes');
  });

  it('warns where the folder has nothing for its settings', async () => {
    await using server = await TestServer.ready({ args: ['--features', stored, '--features-dtype', 'float32'] });
    expect(server.running.stderr).toMatch(/has no features of builtin:emoji with these settings/);
    expect(server.running.stderr).toContain(`preannotate features info ${stored}.`);
  });

  it.each<[string, (folder: string) => Promise<string[]>, RegExp]>([
    ['a folder that is not there', (folder) => Promise.resolve(['--features', join(folder, 'no')]), /does not exist/],
    [
      'a folder of others',
      async (folder) => (await writeFile(join(folder, 'a.txt'), 'mine'), ['--features', folder, '--features-write']),
      /is not a features folder: it is not empty/,
    ],
    ['--features-write alone', () => Promise.resolve(['--features-write']), /needs a folder to write to/],
  ])('refuses %s', async (_what, argsIn, reason) => {
    const folder = await temporaryFolder();
    const server = new TestServer({ args: await argsIn(folder) });
    const { code, stderr } = await server.finished();
    expect(code).toBe(2);
    expect(stderr).toMatch(reason);
  });
});
