import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { iou, type Xyxy } from '../../../../src/core/box.js';
import {
  LABELS,
  CONFIG,
  predictRequest,
  setupRequest,
  dataUrl,
  predictionsOf,
  predict,
  failedTasks,
  refusalOf,
  storedPredictions,
  pixelsOf,
  labelsOf,
  type Prediction,
} from '../../../support/clients/label-studio.js';
import { sceneObjects } from '../../../support/evaluation/scene-objects.js';
import { base64, scene, TestServer } from '../../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready();
});
afterAll(() => server[Symbol.asyncDispose]());

const RECTANGLE = `<View>
  <Image name="image" value="$image"/>
  <Ellipse name="ellipse" toName="image"/><Rectangle name="box" toName="image" strokeWidth="2"/>
  <Labels name="tag" toName="image">${LABELS}</Labels>
</View>`;

/** Searching all controls for each of them would take minutes. */
const MANY_CONTROLS = `<View>
  ${'<Rectangle name="a" toName="b"/>'.repeat(4000)}
  ${'<Labels name="c" toName="d"><Label value="e"/></Labels>'.repeat(2000)}
</View>`;

describe('POST /label-studio/predict', () => {
  it.each(['scene-01.jpg', 'scene-04.jpg', 'scene-13.jpg'])(
    'finds at least 60% of the objects of %s, in percent of the upright image',
    async (name) => {
      const truth = sceneObjects().filter((object) => object.scene === name);
      const names = [...new Set(truth.map((object) => object.name))];
      const config = CONFIG.replace(LABELS, names.map((value) => `<Label value="${value}"/>`).join(''));
      const [prediction] = await predictionsOf(await predict(server, predictRequest([await dataUrl(name)], config)));
      const { result } = prediction!;
      const hits = truth.filter((object) =>
        result.some((region) => {
          return region.value.rectanglelabels[0] === object.name && iou(pixelsOf(region), object.box) > 0.5;
        }),
      );
      expect(truth.length).toBeGreaterThan(0);
      expect(hits.length / truth.length).toBeGreaterThanOrEqual(0.6);
      for (const { value } of result) {
        for (const side of [value.x, value.y, value.width, value.height]) expect(side).toBeGreaterThanOrEqual(0);
        expect(value.x + value.width).toBeLessThanOrEqual(100.0001);
        expect(value.y + value.height).toBeLessThanOrEqual(100.0001);
      }
    },
  );

  it('answers with a rectangle and its labels, which share an id, for a Rectangle beside Labels', async () => {
    const image = await dataUrl('scene-01.jpg');
    const [plain] = await predictionsOf(await predict(server, predictRequest([image])));
    const others = '<Labels name="x" toName="image"/><Labels name="y" toName="z"><Label value="dog"/></Labels>';
    const elsewhere = RECTANGLE.replace('<Labels', `${others}<Rectangle name="w" toName="z"/><Labels`);
    for (const config of [RECTANGLE, elsewhere]) {
      const [prediction] = await predictionsOf(await predict(server, predictRequest([image], config)));
      const { result, score } = prediction!;
      expect(score).toBe(plain!.score);
      expect(result).toHaveLength(2 * plain!.result.length);
      plain!.result.forEach(({ value: { rectanglelabels, ...place }, ...region }, i) => {
        const [rectangle, labels] = result.slice(2 * i);
        expect(rectangle).toEqual({ ...region, type: 'rectangle', from_name: 'box', value: place });
        const value = { ...place, labels: rectanglelabels };
        expect(labels).toEqual({ ...region, type: 'labels', from_name: 'tag', value });
      });
    }
    const labels = `<RectangleLabels name="label" toName="image">${LABELS}</RectangleLabels>`;
    const both = RECTANGLE.replace('</View>', `${labels}</View>`);
    expect(await predictionsOf(await predict(server, predictRequest([image], both)))).toEqual([plain]);
  });

  it('answers with regions as Label Studio stores them, and the same ones again for the same request', async () => {
    const body = predictRequest([await dataUrl('scene-01.jpg')]);
    const [prediction] = await predictionsOf(await predict(server, body));
    const { result, score, model_version } = prediction!;
    expect(labelsOf(prediction!).sort()).toEqual(expect.arrayContaining(['Wine Glass', 'bottle', 'cup']));
    for (const region of result) {
      expect(region).toMatchObject({
        type: 'rectanglelabels',
        from_name: 'label',
        to_name: 'image',
        original_width: 320,
        original_height: 240,
        image_rotation: 0,
        value: { rotation: 0 },
      });
      expect(region.id).toMatch(/^[\w-]{10}$/);
      expect(region.score).toBeGreaterThan(0.35); // the threshold of the server's ontology
    }
    expect(new Set(result.map(({ id }) => id)).size).toBe(result.length);
    const mean = result.reduce((sum, region) => sum + region.score, 0) / result.length;
    expect(score).toBeCloseTo(mean, 4);
    expect(model_version).toMatch(/^builtin:emoji [0-9a-f]{8}$/);
    expect(await predictionsOf(await predict(server, body))).toEqual([prediction]);
  });

  it('answers with the boxes of /predict for the same prompts', async () => {
    const image_base64 = base64(await scene('scene-01.jpg'));
    const ontology = {
      threshold: 0.35,
      classes: [{ name: 'bottle', prompts: ['a photo of a bottle', 'a photo of a cup'] }],
    };
    const response = await server.postJson('/predict', { image_base64, ontology });
    const plain = (await response.json()) as { boxes: Xyxy[]; scores: number[] };
    const label = '<Label value="bottle" predicted_values="a photo of a bottle, a photo of a cup"/>';
    const body = predictRequest([`data:image/jpeg;base64,${image_base64}`], CONFIG.replace(LABELS, label));
    const [prediction] = await predictionsOf(await predict(server, body));
    expect(plain.boxes.length).toBeGreaterThan(1);
    expect(prediction!.result.map(({ score }) => score)).toEqual(plain.scores);
    prediction!.result.map(pixelsOf).forEach((box, i) => {
      box.forEach((side, j) => expect(side).toBeCloseTo(plain.boxes[i]![j]!, 2));
    });
  });

  it('uses predicted_values as prompts, and the value or alias of the label as the name', async () => {
    const label =
      '<View><Label value="Trinkgef&#228;&#xDF;" predicted_values="a photo of a cup,a photo of a wine glass,"/></View>';
    const alias = '<Label value="Bottle" alias="flask"/>';
    const config = CONFIG.replace(LABELS, label + alias);
    const [prediction] = await predictionsOf(
      await predict(server, predictRequest([await dataUrl('scene-01.jpg')], config)),
    );
    const labels = labelsOf(prediction!);
    expect(labels.filter((name) => name === 'Trinkgefäß').length).toBeGreaterThanOrEqual(2);
    expect(labels).toContain('flask');
  });

  it('uses the RectangleLabels that belong to an image, whatever their names and its data key are', async () => {
    const config = `<?xml version="1.0" encoding="UTF-8"?><!-- two controls -->
      <View><Text name="text" value="$caption"/><Choices name="ok" toName="text"><Choice value="yes"/></Choices>
      <RectangleLabels name="none" toName="photo"></RectangleLabels>
      <RectangleLabels name="elsewhere" toName="video"><Label value="dog"/></RectangleLabels>
      <rectanglelabels name="things" toName="video,photo"><Label value="cup"/></rectanglelabels>
      <Image name="fixed" value="https://example.org/a.jpg"/><Image name="photo" value="$the photo"/></View>`;
    const request = predictRequest([], config);
    const tasks = [{ id: 'seven', data: { 'the photo': await dataUrl('scene-01.jpg'), caption: 'x' } }];
    const [prediction] = await predictionsOf(await predict(server, { ...request, tasks }));
    expect(labelsOf(prediction!)).toContain('cup');
    expect(prediction!.result[0]).toMatchObject({ from_name: 'things', to_name: 'photo' });
  });

  it('stores nothing for a task that fails, logs why, and answers the others as if they were alone', async () => {
    const good = await dataUrl('scene-01.jpg');
    const images = [good, 'data:image/jpeg;base64,AAAA', 'http://127.0.0.1/a.jpg', 7, 'photo.jpg', good];
    const { tasks, ...rest } = predictRequest([...images, undefined, '/data/upload/1/photo.jpg', 'data:,x']);
    const all = [...tasks, { id: 109 }, { id: 110, data: null }, null, 'task', { id: '1'.repeat(9999), data: [] }];
    const results = await predictionsOf(await predict(server, { ...rest, tasks: all }));
    expect(results).toHaveLength(all.length);
    const stored = storedPredictions(results, all.length);
    expect(stored.map(({ length }) => length)).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    const [alone] = await predictionsOf(await predict(server, predictRequest([good])));
    expect(stored[0]).toEqual([alone]);
    const withoutIds = ({ result }: Prediction) => result.map(({ id: _, ...region }) => region);
    expect(withoutIds(results[5]!)).toEqual(withoutIds(alone!));
    const logged = failedTasks(server);
    expect(logged.map(({ task, code }) => [task, code])).toEqual([
      ['101', 'IMAGE_UNSUPPORTED'],
      ['102', 'URL_REFUSED'],
      ['103', 'REQUEST_INVALID'],
      ['104', 'REQUEST_INVALID'],
      ['106', 'REQUEST_INVALID'],
      ['107', 'URL_REFUSED'],
      ['108', 'IMAGE_UNSUPPORTED'], // what the data: URL holds is no image
      ['109', 'REQUEST_INVALID'],
      ['110', 'REQUEST_INVALID'],
      ['#11', 'REQUEST_INVALID'],
      ['#12', 'REQUEST_INVALID'],
      ['1'.repeat(200), 'REQUEST_INVALID'],
    ]);
    for (const { level } of logged) expect(level).toBe(40); // warn
    expect(logged[5]!.reason).toContain('LABEL_STUDIO_URL');
    expect(logged[2]!.reason).toContain('/tasks/3/data/image');
  });

  it('answers with the error of the first task when all fail', async () => {
    const lone = await refusalOf(await predict(server, predictRequest(['data:image/jpeg;base64,AAAA'])));
    expect(lone).toMatchObject({ status: 415, code: 'IMAGE_UNSUPPORTED' });
    expect(lone.detail).toMatch(/^Task 100 could not be annotated: /);
    const all = await refusalOf(await predict(server, predictRequest(['http://127.0.0.1/a.jpg', 7])));
    expect(all).toMatchObject({ status: 403, code: 'URL_REFUSED' });
    expect(all.detail).toMatch(/^None of the 2 tasks could be annotated; the first, task 100: /);
  });

  it('ignores unknown context, parameters and attributes', async () => {
    const params = { login: 'a', password: 'b', context: { result: [], annotation_id: 4 }, extra: { deep: [1] } };
    const request = predictRequest([await dataUrl('scene-01.jpg')], CONFIG, { params, something: null });
    const [prediction] = await predictionsOf(await predict(server, request));
    expect(prediction!.result.length).toBeGreaterThan(0);
    expect(await predictionsOf(await predict(server, predictRequest([])))).toEqual([]);
  });

  it.each<[what: string, config: string]>([
    ['text instead of XML', 'hello'],
    ['JSON', '{}'],
    ['no text', ''],
    ['an open element', '<View><RectangleLabels name="label" toName="image">'],
    ['two roots', `${CONFIG}${CONFIG}`],
    ['an external entity', `<!DOCTYPE v [<!ENTITY x SYSTEM "file:///etc/passwd">]>${CONFIG.replace('cup', '&x;')}`],
    ['entities of entities', `<!DOCTYPE v [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${CONFIG.replace('cup', '&b;')}`],
    ['1,000 levels', '<View>'.repeat(1000) + '</View>'.repeat(1000)],
    ['50,000 entities', CONFIG.replace('cup', '&amp;'.repeat(50_000))],
    ['1 MB', CONFIG.replace('cup', 'c'.repeat(1_000_000))],
    ['a reserved attribute', CONFIG.replace('smart', '__proto__')],
    ['no controls', '<View></View>'],
    ['no rectangles', '<View><Image name="image" value="$image"/></View>'],
    ['a rectangle without labels', RECTANGLE.replace(LABELS, '')],
    ['a rectangle without a name', RECTANGLE.replace('name="box"', '')],
    ['a rectangle for another image', RECTANGLE.replace('"box" toName="image"', '"box" toName="other"')],
    ['labels without a rectangle', RECTANGLE.replace('<Rectangle', '<Ellipse')],
    ['no image', CONFIG.replace('<Image', '<Video')],
    ['labels that are one class', CONFIG.replace('Wine Glass', 'Bottle')],
    [
      'labels with one prompt',
      CONFIG.replace(LABELS, '<Label value="a" predicted_values="x"/><Label value="b" predicted_values="X"/>'),
    ],
    [
      '600 prompts',
      CONFIG.replace(
        'value="cup"',
        `value="a" predicted_values="${Array.from({ length: 600 }, (_, i) => `p${i}`).join(',')}"`,
      ),
    ],
    ['thousands of controls', MANY_CONTROLS],
    ['a prompt that is too long for the model', CONFIG.replace('cup', `${'very '.repeat(30)}long`)],
  ])('refuses a labelling config with %s within two seconds, in setup too', async (_what, config) => {
    for (const [path, body, pointer] of [
      ['/label-studio/predict', predictRequest([await dataUrl('scene-01.jpg')], config), '/label_config'],
      ['/label-studio/setup', setupRequest(config), '/schema'],
    ] as const) {
      const before = performance.now();
      const response = await server.postJson(path, body);
      expect(performance.now() - before).toBeLessThan(2000);
      const { status, code, detail } = await refusalOf(response);
      expect([status, code]).toEqual([422, 'REQUEST_INVALID']);
      expect(detail).toMatch(new RegExp(`^${pointer}: It`));
      expect(detail.length).toBeLessThan(400);
    }
    expect(server.running.stderr).not.toContain('very very');
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it.each<[what: string, body: string, status: number]>([
    ['no tasks', JSON.stringify({ label_config: CONFIG }), 422],
    ['no label_config', '{"tasks":[]}', 422],
    ['tasks without data', JSON.stringify({ tasks: [{ id: 1 }], label_config: CONFIG }), 422],
    ['half of its JSON', '{"tasks":', 400],
  ])('refuses a request with %s', async (_what, body, status) => {
    const headers = { 'content-type': 'application/json' };
    const response = await server.fetch('/label-studio/predict', { method: 'POST', headers, body });
    expect(response.status).toBe(status);
  });
});
