import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FailureCode } from '../../../src/core/errors.js';
import { PredictAnswer, ProblemAnswer } from '../../../src/config/predict-schema.js';
import { iou, type Xyxy } from '../../../src/core/box.js';
import { sceneObjects } from '../../support/evaluation/scene-objects.js';
import { base64, scene, TestServer } from '../../support/server.js';
import { temporaryFolder } from '../../support/temporary.js';

/** What CVAT reads of a function. */
interface NuclioFunction {
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: { readonly description: string };
  readonly status: { readonly state: string; readonly httpPort: number };
}

interface Shape {
  readonly confidence: string;
  readonly label: string;
  readonly points: Xyxy;
  readonly type: string;
}

/** What CVAT sends with every request to Nuclio. */
const HEADERS = {
  'x-nuclio-project-name': 'cvat',
  'x-nuclio-function-namespace': 'nuclio',
  'x-nuclio-invoke-via': 'domain-name',
  'x-nuclio-invoke-timeout': '120s',
};
const INVOCATION = { ...HEADERS, 'x-nuclio-function-name': 'preannotate', 'x-nuclio-path': '/' };

const bytes = await scene('scene-01.jpg');
const image = base64(bytes);
const doubtful = await scene('scene-02.jpg'); // has boxes of any score

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready();
});
afterAll(() => server[Symbol.asyncDispose]());

function invoke(body: unknown, headers: Record<string, string> = INVOCATION, to = server): Promise<Response> {
  return to.postJson('/api/function_invocations', body, headers);
}

async function shapesOf(response: Response): Promise<Shape[]> {
  expect(response.status).toBe(200);
  return (await response.json()) as Shape[];
}

/** What /predict answers of the same image, as CVAT would be told it. */
async function predicted(query = '', of = bytes): Promise<Shape[]> {
  const response = await server.post(of, { query });
  const { boxes, scores, labels } = PredictAnswer.parse(await response.json());
  return boxes.map((points, i) => ({ confidence: `${scores[i]!}`, label: labels[i]!, points, type: 'rectangle' }));
}

async function codeOf(response: Response): Promise<[status: number, code: string]> {
  const { status, code } = ProblemAnswer.parse(await response.json());
  expect(response.status).toBe(status);
  return [status, code];
}

async function functionOf(of: TestServer): Promise<NuclioFunction> {
  return (await (await of.fetch('/api/functions/preannotate')).json()) as NuclioFunction;
}

describe('functions, as CVAT looks for them', () => {
  it('are one detector, with the classes of the ontology as labels', async () => {
    const response = await server.fetch('/api/functions', { headers: HEADERS });
    const functions = (await response.json()) as Record<string, NuclioFunction>;
    expect(Object.keys(functions)).toEqual(['preannotate']);
    const { metadata, spec, status } = functions['preannotate']!;
    expect(metadata.name).toBe('preannotate');
    expect(metadata.annotations).toMatchObject({ type: 'detector', framework: 'onnx' });
    expect(metadata.annotations['name']).toContain('builtin:emoji');
    expect(spec.description).toContain('builtin:emoji');
    expect(status).toEqual({ state: 'ready', httpPort: Number(new URL(server.url).port) });
    const labels = JSON.parse(metadata.annotations['spec']!) as { id: number; name: string; type: string }[];
    const { classes } = (await (await server.fetch('/info')).json()) as { classes: { id: number; name: string }[] };
    expect(labels).toEqual(classes.map(({ id, name }) => ({ id, name, type: 'rectangle' })));
    expect(new Set(labels.map(({ name }) => name)).size).toBe(87);
  });

  it('can be asked for by name, of which there is one', async () => {
    expect(await functionOf(server)).toMatchObject({ metadata: { name: 'preannotate' } });
    expect(await codeOf(await server.fetch('/api/functions/yolo'))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('a call of the function', () => {
  it('through the dashboard finds what /predict finds, as rectangles', async () => {
    const shapes = await shapesOf(await invoke({ image }));
    expect(shapes.length).toBeGreaterThan(1);
    expect(shapes).toEqual(await predicted());
  });

  it.each(['scene-01.jpg', 'scene-04.jpg'])('finds the objects of %s where they are', async (name) => {
    const shapes = await shapesOf(await invoke({ image: base64(await scene(name)) }));
    const truth = sceneObjects().filter((object) => object.scene === name);
    const hits = truth.filter(({ name: label, box }) =>
      shapes.some((shape) => shape.label === label && iou(shape.points, box) > 0.5),
    );
    expect(hits.length / truth.length).toBeGreaterThanOrEqual(0.6);
  });

  it('without the dashboard does too', async () => {
    expect(await shapesOf(await server.postJson('/', { image }))).toEqual(await predicted());
  });

  it('may hold fields that are for other functions', async () => {
    const others = { task: 1, job: 2, frame: 7, mapping: { cup: { name: 'Tasse', attributes: {} } }, cleanup: true };
    expect(await shapesOf(await invoke({ image, threshold: null, ...others }))).toEqual(await predicted());
  });

  it('keeps boxes from its threshold on, instead of those from the thresholds of the server', async () => {
    const strict = await shapesOf(await invoke({ threshold: 0.74, image }));
    expect(strict).toEqual(await predicted('?score_threshold=0.74'));
    expect(strict.map(({ label }) => label)).toEqual(['wine glass']);
    const loose = await shapesOf(await invoke({ threshold: 0.1, image: base64(doubtful) }));
    expect(loose).toEqual(await predicted('?score_threshold=0.1', doubtful));
    expect(loose.length).toBeGreaterThan((await predicted('', doubtful)).length);
  });

  it('with a threshold below what the server keeps of an image gets all that it keeps', async () => {
    const { score_floor } = (await (await server.fetch('/info')).json()) as { score_floor: number };
    expect(score_floor).toBeGreaterThan(0.01);
    const all = await shapesOf(await invoke({ threshold: 0.01, image: base64(doubtful) }));
    expect(all).toEqual(await predicted(`?score_threshold=${score_floor}`, doubtful));
    expect(all.length).toBeGreaterThan((await predicted('?score_threshold=0.1', doubtful)).length);
  });

  it('has its points in the upright image, however the file has it', async () => {
    const lying = await sharp(bytes).rotate(270).withMetadata({ orientation: 6 }).png().toBuffer();
    const turned = await shapesOf(await invoke({ image: base64(lying) }));
    const upright = await sharp(bytes).png().toBuffer();
    expect(turned).toEqual(await shapesOf(await invoke({ image: base64(upright) })));
    expect(turned.length).toBeGreaterThan(1);
    const raw = await sharp(lying).metadata();
    expect([raw.width, raw.height]).toEqual([240, 320]); // the file itself lies on its side
  });

  it('of another function is refused', async () => {
    for (const headers of [{ ...INVOCATION, 'x-nuclio-function-name': 'yolo' }, HEADERS]) {
      expect(await codeOf(await invoke({ image }, headers))).toEqual([404, 'NOT_FOUND']);
    }
  });

  it.each<[what: string, body: unknown, status: number, code: FailureCode]>([
    ['no base64', { image: '!!!' }, 422, 'REQUEST_INVALID'],
    ['base64 that is no image', { image: 'AAAAAAAA' }, 415, 'IMAGE_UNSUPPORTED'],
    ['half an image', { image: base64(bytes.slice(0, 300)) }, 422, 'IMAGE_UNDECODABLE'],
    ['no image', { threshold: 0.5 }, 422, 'REQUEST_INVALID'],
    ['a threshold above 1', { image, threshold: 2 }, 422, 'REQUEST_INVALID'],
    ['a list', [image], 422, 'REQUEST_INVALID'],
  ])('with %s is refused, either way', async (_what, body, status, code) => {
    expect(await codeOf(await invoke(body))).toEqual([status, code]);
    expect(await codeOf(await server.postJson('/', body))).toEqual([status, code]);
  });

  it('says where its image is wrong by the name that CVAT gave it', async () => {
    const { errors } = ProblemAnswer.parse(await (await invoke({ image: '!!!' })).json());
    expect(errors).toEqual([{ pointer: '/image', detail: 'It is not base64.' }]);
  });

  it('counts in the metrics as any other prediction', async () => {
    const before = await server.metric('images_total');
    await invoke({ image });
    expect(await server.metric('images_total')).toBe(before + 1);
    const text = await (await server.fetch('/metrics')).text();
    expect(text).toMatch(/requests_total\{route="\/api\/function_invocations",code="200"\} \d/);
  });
});

describe('the state of the function', () => {
  it('follows the server: building, ready, unhealthy', async () => {
    const file = join(await temporaryFolder(), 'open');
    const options = { fault: 'late-start.mjs', env: { OPEN_WHEN: file }, args: ['--workers-per-device', '1'] };
    await using late = new TestServer(options);
    await late.until(() => late.running.stderr.includes('listening at'));
    const state = async () => (await functionOf(late)).status.state;
    expect(await state()).toBe('building');
    expect(await codeOf(await invoke({ image }, INVOCATION, late))).toEqual([503, 'NOT_READY']);
    await writeFile(file, '');
    await late.until(async () => (await state()) === 'ready');
    await rm(file);
    for (const worker of await late.running.workers()) process.kill(worker, 'SIGKILL');
    await late.until(async () => (await state()) === 'unhealthy');
    await writeFile(file, '');
    await late.until(async () => (await state()) === 'ready');
    expect(await shapesOf(await invoke({ image }, INVOCATION, late))).toEqual(await predicted());
  });
});

it('a server with keys asks CVAT for one too', async () => {
  const key = 'some-key-of-sixteen';
  await using closed = await TestServer.ready({ env: { PREANNOTATE_API_KEYS: key } });
  expect((await closed.fetch('/api/functions')).status).toBe(401);
  expect(await codeOf(await invoke({ image }, INVOCATION, closed))).toEqual([401, 'UNAUTHORIZED']);
  expect(await codeOf(await closed.postJson('/', { image }))).toEqual([401, 'UNAUTHORIZED']);
  const basic = base64(Buffer.from(`cvat:${key}`)); // of CVAT_NUCLIO_HOST=cvat:<key>@host
  for (const authorization of [`Basic ${basic}`, `Bearer ${key}`]) {
    await shapesOf(await invoke({ image }, { ...INVOCATION, authorization }, closed));
  }
});

it('a server that speaks other protocols only has nothing for CVAT', async () => {
  await using other = await TestServer.ready({ args: ['--compat', 'label-studio,kserve'] });
  for (const path of ['/api/functions', '/api/functions/preannotate']) {
    expect((await other.fetch(path)).status, path).toBe(404);
  }
  expect(await codeOf(await invoke({ image }, INVOCATION, other))).toEqual([404, 'NOT_FOUND']);
  expect((await other.postJson('/', { image })).status).toBe(405); // the page is there to be read
  const { paths } = (await (await other.fetch('/openapi.json')).json()) as { paths: object };
  expect(Object.keys(paths)).not.toContain('/api/functions');
  expect(Object.keys(paths)).toContain('/v2');
});
