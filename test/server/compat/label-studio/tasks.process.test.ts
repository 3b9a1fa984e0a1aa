import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CONFIG,
  predictRequest,
  setupRequest,
  dataUrl,
  predictionsOf,
  predict,
  failedTasks,
  refusalOf,
  storedPredictions,
} from '../../../support/clients/label-studio.js';
import { FIXTURES } from '../../../support/model/golden.js';
import { TestServer } from '../../../support/server.js';
import { temporaryFolder } from '../../../support/temporary.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('many tasks', () => {
  it('are annotated in turn where they are more than the queue of the server holds', async () => {
    await using small = await TestServer.ready({ args: ['--request-images', '3', '--queue-items', '2'] });
    const images = Array.from({ length: 7 }, () => '');
    const image = await dataUrl('scene-01.jpg');
    const results = await predictionsOf(await predict(small, predictRequest(images.map(() => image))));
    expect(results).toHaveLength(7);
    for (const { result } of results) expect(result.length).toBeGreaterThan(2);
    expect(await small.metric('admitted_items')).toBe(0);
  });

  it('are answered as far as they are done at the deadline, and with 504 when none is', async () => {
    await using slow = await TestServer.ready({ slowMs: 250, args: ['--workers-per-device', '1'] });
    const image = await dataUrl('scene-01.jpg');
    const body = predictRequest(Array.from({ length: 20 }, () => image)); // 5 s
    const late = await slow.postJson('/label-studio/predict', body, { 'x-request-timeout-ms': '2500' });
    const results = await predictionsOf(late);
    const stored = storedPredictions(results, 20).filter(({ length }) => length > 0);
    expect(stored.length).toBeGreaterThan(0);
    expect(stored.length).toBeLessThan(20);
    for (const [prediction] of stored) expect(prediction!.result.length).toBeGreaterThan(2);
    const failed = failedTasks(slow);
    expect(failed.length).toBe(20 - stored.length);
    for (const { code } of failed) expect(code).toBe('DEADLINE_PASSED');
    const tooLate = await slow.postJson('/label-studio/predict', body, { 'x-request-timeout-ms': '1' });
    expect(await refusalOf(tooLate)).toMatchObject({ status: 504, code: 'DEADLINE_PASSED' });
  });
});

describe('an ML backend for Label Studio', () => {
  it('is up, and accepts every webhook', async () => {
    for (const path of ['/label-studio', '/label-studio/health']) {
      const response = await server.fetch(path);
      expect(await response.json()).toEqual({ status: 'UP', model_class: 'preannotate' });
    }
    const event = { action: 'ANNOTATION_CREATED', annotation: { id: 1, result: [] }, project: { id: 1 } };
    for (const path of ['/label-studio/webhook', '/label-studio/train']) {
      const response = await server.postJson(path, event);
      expect([response.status, await response.json()]).toEqual([201, { status: 'ok' }]);
    }
  });

  it('returns from setup the version that predictions will have, which changes with the labels', async () => {
    const setup = async (schema: unknown) => {
      const response = await server.postJson('/label-studio/setup', setupRequest(schema));
      expect(response.status).toBe(200);
      return ((await response.json()) as { model_version: string }).model_version;
    };
    const version = await setup(CONFIG);
    const [prediction] = await predictionsOf(await predict(server, predictRequest([await dataUrl('scene-01.jpg')])));
    expect(prediction!.model_version).toBe(version);
    expect(await setup(CONFIG.replace('smart="true"', ''))).toBe(version);
    expect(await setup(CONFIG.replace('cup', 'dog'))).not.toBe(version);
    for (const unfinished of [undefined, null, 7]) {
      const refused = await server.postJson('/label-studio/setup', { ...setupRequest(CONFIG), schema: unfinished });
      expect((await refusalOf(refused)).detail).toContain('/schema');
    }
    expect((await server.postJson('/label-studio/setup', { schema: CONFIG })).status).toBe(200);
  });
});

it('the version of predictions changes with every option that decides them', async () => {
  const ontology = join(await temporaryFolder(), 'dog.yaml');
  await writeFile(ontology, 'classes: [dog]\n');
  const common = ['--model', join(FIXTURES, 'models/owlv2-tiny'), '--ontology', ontology];
  const versionWith = async (...args: string[]) => {
    await using other = await TestServer.ready({ args: [...common, ...args] });
    const response = await other.postJson('/label-studio/setup', setupRequest(CONFIG));
    return ((await response.json()) as { model_version: string }).model_version;
  };
  const small = ['--image-size', '56'];
  const options = [
    [],
    ['--fit', 'stretch'],
    ['--tiles', '98'],
    ['--min-objectness', '0.1'],
    ['--score-threshold', '0.3'],
    ['--precision', 'int8'],
    small,
    [...small, '--positions', 'interpolate'],
  ];
  const versions: string[] = [];
  for (const args of options) versions.push(await versionWith(...args));
  expect(new Set(versions).size, versions.join(', ')).toBe(options.length);
  expect(await versionWith()).toBe(versions[0]);
  expect(await versionWith('--workers-per-device', '2', '--example-rule', 'transformers')).toBe(versions[0]);
});

describe('GET /label-studio/versions', () => {
  it('lists the versions that projects were told by setup, which Label Studio also asks for with POST', async () => {
    await using fresh = await TestServer.ready();
    const list = async (response: Promise<Response>) =>
      ((await (await response).json()) as { versions: string[] }).versions;
    expect(await list(fresh.fetch('/label-studio/versions'))).toEqual(['builtin:emoji']);
    const tell = async (project: string, schema: string) => {
      const response = await fresh.postJson('/label-studio/setup', { ...setupRequest(schema), project });
      return ((await response.json()) as { model_version: string }).model_version;
    };
    const [one, two] = [await tell('1.1736', CONFIG), await tell('2.1737', CONFIG.replace('cup', 'dog'))];
    expect(await list(fresh.fetch('/label-studio/versions'))).toEqual([one, two]);
    expect(await list(fresh.fetch('/label-studio/versions?project=2.1737'))).toEqual([two]);
    expect(await list(fresh.postJson('/label-studio/versions', { project: '1.1736' }))).toEqual([one]);
    expect(await list(fresh.postJson('/label-studio/versions', { project: '3.1738' }))).toEqual([one, two]);
  });
});
