import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FailureCode } from '../../../../src/core/errors.js';
import { PredictAnswer, ProblemAnswer } from '../../../../src/config/predict-schema.js';
import { iou, type Xyxy } from '../../../../src/core/box.js';
import { sceneObjects } from '../../../support/evaluation/scene-objects.js';
import { base64, scene, TestServer } from '../../../support/server.js';

/** The part of a function that CVAT reads. */
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

/** Headers that CVAT sends with every request to Nuclio. */
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

function invoke(body: unknown, headers: Record<string, string> = INVOCATION): Promise<Response> {
  return server.postJson('/api/function_invocations', body, headers);
}

async function shapesOf(response: Response): Promise<Shape[]> {
  expect(response.status).toBe(200);
  return (await response.json()) as Shape[];
}

/** The answer of /predict for the same image, as shapes of CVAT. */
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

describe('the functions that CVAT lists', () => {
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

  it('can be asked for by the one name that there is, and any other is answered 404', async () => {
    expect(await (await server.fetch('/api/functions/preannotate')).json()).toMatchObject({
      metadata: { name: 'preannotate' },
    });
    expect(await codeOf(await server.fetch('/api/functions/yolo'))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('an invocation by CVAT', () => {
  it('through the Nuclio dashboard returns the boxes of /predict as rectangles', async () => {
    const shapes = await shapesOf(await invoke({ image }));
    expect(shapes.length).toBeGreaterThan(1);
    expect(shapes).toEqual(await predicted());
  });

  it.each(['scene-01.jpg', 'scene-04.jpg'])('finds at least 60% of the objects in %s', async (name) => {
    const shapes = await shapesOf(await invoke({ image: base64(await scene(name)) }));
    const truth = sceneObjects().filter((object) => object.scene === name);
    const hits = truth.filter(({ name: label, box }) =>
      shapes.some((shape) => shape.label === label && iou(shape.points, box) > 0.5),
    );
    expect(hits.length / truth.length).toBeGreaterThanOrEqual(0.6);
  });

  it('without the Nuclio dashboard returns the boxes of /predict too', async () => {
    expect(await shapesOf(await server.postJson('/', { image }))).toEqual(await predicted());
  });

  it('may have fields that are meant for other functions', async () => {
    const others = { task: 1, job: 2, frame: 7, mapping: { cup: { name: 'Tasse', attributes: {} } }, cleanup: true };
    expect(await shapesOf(await invoke({ image, threshold: null, ...others }))).toEqual(await predicted());
  });

  it('selects boxes with its own threshold instead of those of the server', async () => {
    const strict = await shapesOf(await invoke({ threshold: 0.74, image }));
    expect(strict).toEqual(await predicted('?score_threshold=0.74'));
    expect(strict.map(({ label }) => label)).toEqual(['wine glass']);
    const loose = await shapesOf(await invoke({ threshold: 0.1, image: base64(doubtful) }));
    expect(loose).toEqual(await predicted('?score_threshold=0.1', doubtful));
    expect(loose.length).toBeGreaterThan((await predicted('', doubtful)).length);
  });

  it('with a threshold below the score floor returns all boxes above the score floor', async () => {
    const { score_floor } = (await (await server.fetch('/info')).json()) as { score_floor: number };
    expect(score_floor).toBeGreaterThan(0.01);
    const all = await shapesOf(await invoke({ threshold: 0.01, image: base64(doubtful) }));
    expect(all).toEqual(await predicted(`?score_threshold=${score_floor}`, doubtful));
    expect(all.length).toBeGreaterThan((await predicted('?score_threshold=0.1', doubtful)).length);
  });

  it('has its points in the upright image, whatever the EXIF orientation of the file is', async () => {
    const lying = await sharp(bytes).rotate(270).withMetadata({ orientation: 6 }).png().toBuffer();
    const turned = await shapesOf(await invoke({ image: base64(lying) }));
    const upright = await sharp(bytes).png().toBuffer();
    expect(turned).toEqual(await shapesOf(await invoke({ image: base64(upright) })));
    expect(turned.length).toBeGreaterThan(1);
    const raw = await sharp(lying).metadata();
    expect([raw.width, raw.height]).toEqual([240, 320]); // the file itself lies on its side
  });

  it('of an unknown function is answered 404', async () => {
    for (const headers of [{ ...INVOCATION, 'x-nuclio-function-name': 'yolo' }, HEADERS]) {
      expect(await codeOf(await invoke({ image }, headers))).toEqual([404, 'NOT_FOUND']);
    }
  });

  it.each<[what: string, body: unknown, status: number, code: FailureCode]>([
    ['an image that is not base64', { image: '!!!' }, 422, 'REQUEST_INVALID'],
    ['base64 of something else', { image: 'AAAAAAAA' }, 415, 'IMAGE_UNSUPPORTED'],
    ['a truncated image', { image: base64(bytes.slice(0, 300)) }, 422, 'IMAGE_UNDECODABLE'],
    ['no image', { threshold: 0.5 }, 422, 'REQUEST_INVALID'],
    ['a threshold above 1', { image, threshold: 2 }, 422, 'REQUEST_INVALID'],
    ['a list', [image], 422, 'REQUEST_INVALID'],
  ])('with %s is refused, with and without the dashboard', async (_what, body, status, code) => {
    expect(await codeOf(await invoke(body))).toEqual([status, code]);
    expect(await codeOf(await server.postJson('/', body))).toEqual([status, code]);
  });

  it('with a wrong image is answered with a pointer to the field that CVAT sent', async () => {
    const { errors } = ProblemAnswer.parse(await (await invoke({ image: '!!!' })).json());
    expect(errors).toEqual([{ pointer: '/image', detail: 'It is not base64: character 1 is "!".' }]);
  });

  it('is counted in the metrics like any other prediction', async () => {
    const before = await server.metric('images_total');
    await invoke({ image });
    expect(await server.metric('images_total')).toBe(before + 1);
    const text = await (await server.fetch('/metrics')).text();
    expect(text).toMatch(/requests_total\{route="\/api\/function_invocations",code="200"\} \d/);
  });
});
