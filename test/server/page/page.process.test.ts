import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PredictAnswer } from '../../../src/config/predict-schema.js';
import { xywhToXyxy, iou, type Xywh, type Xyxy } from '../../../src/core/box.js';
import { describeInBrowser } from '../../support/clients/browser.js';
import { ServePage } from '../../support/clients/serve-page.js';
import { SCENES } from '../../support/cli.js';
import { scene } from '../../support/server.js';

const SCENE = join(SCENES, 'scene-01.jpg');

describeInBrowser('the page', () => {
  const serve = ServePage.forSuite();

  /** Class and score of what /predict itself answers. */
  async function predicted(name: string, query: string): Promise<[string, string][]> {
    const response = await serve.server.post(await scene(name), { query });
    const { labels, scores } = PredictAnswer.parse(await response.json());
    return labels.map((label, i) => [label, scores[i]!.toFixed(2)]);
  }

  it('shows the boxes of /predict for an image that is chosen', async () => {
    const visitor = await serve.visit();
    await visitor.choose(SCENE);
    const expected = await predicted('scene-01.jpg', '');
    expect(expected.length).toBeGreaterThan(2);
    expect(await visitor.listed()).toEqual(expected);
    const labels = await visitor.page.locator('.label').allTextContents();
    expect(labels).toEqual(expected.map(([label, score]) => `${label} ${score}`));
    expect(await visitor.page.locator('#timing').textContent()).toMatch(/^Answered in .* · model \d/);
    expect(visitor.complaints).toEqual([]);
    await visitor.close();
  });

  it('hides and shows boxes as the threshold moves, without another request', async () => {
    const visitor = await serve.visit();
    await visitor.choose(SCENE);
    const { score_floor: floor } = (await (await serve.server.fetch('/info')).json()) as { score_floor: number };
    for (const threshold of [floor, 0.2, 0.6, 0.35, 1]) {
      await visitor.setThreshold(threshold);
      const expected = await predicted('scene-01.jpg', `?score_threshold=${threshold}`);
      expect(await visitor.listed()).toEqual(expected);
      expect(await visitor.page.locator('.box').count()).toBe(expected.length);
      expect(await visitor.page.locator('#count').textContent()).toBe(String(expected.length));
    }
    expect(visitor.requested.filter((url) => url.endsWith('/predict'))).toHaveLength(1);
    await visitor.close();
  });

  it('annotates an image that is dropped on it', async () => {
    const visitor = await serve.visit();
    const session = await visitor.page.context().newCDPSession(visitor.page);
    const data = { items: [], files: [SCENE], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await session.send('Input.dispatchDragEvent', { type, x: 200, y: 400, data });
    }
    await visitor.untilStatus('found');
    expect(await visitor.listed()).toEqual(await predicted('scene-01.jpg', ''));
    expect(await visitor.page.locator('#name').textContent()).toBe('scene-01.jpg');
    expect(visitor.page.url()).toBe(`${serve.server.url}/`);
    await visitor.close();
  });

  it('annotates an image that is pasted into it', async () => {
    const visitor = await serve.visit({ permissions: ['clipboard-read', 'clipboard-write'] });
    const base64 = (await readFile(join(SCENES, 'scene-10.png'))).toString('base64');
    await visitor.evaluate(`(async () => {
      const bytes = Uint8Array.from(atob('${base64}'), (character) => character.charCodeAt(0));
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': new Blob([bytes], { type: 'image/png' }) })]);
    })()`);
    await visitor.page.keyboard.press('Control+V');
    await visitor.untilStatus('found');
    const classes = (await predicted('scene-10.png', '')).map(([label]) => label);
    expect(classes.length).toBeGreaterThan(0);
    expect((await visitor.listed()).map(([label]) => label)).toEqual(classes);
    await visitor.close();
  });

  it('sends edited prompts; known classes keep their ids, and new classes get unused ones', async () => {
    const visitor = await serve.visit();
    await visitor.choose(SCENE);
    const before = await visitor.listed();
    await visitor.page.locator('#prompts').fill('# two\na photo of a cup: cup\nthing: [a photo of a bottle, "a, b"]\n');
    await visitor.page.getByRole('button', { name: 'Run again' }).click();
    await visitor.page.locator('.option', { hasText: 'thing' }).waitFor();
    const after = await visitor.listed();
    expect(before.map(([label]) => label)).toContain('bottle');
    expect(after.map(([label]) => label)).toContain('thing');
    expect(after.filter(([label]) => !['cup', 'thing'].includes(label))).toEqual([]);
    const { categories } = JSON.parse(await visitor.page.locator('#result').inputValue()) as { categories: unknown[] };
    expect(categories).toMatchObject([
      { id: 3, name: 'cup' },
      { id: 88, name: 'thing' },
    ]);

    await visitor.page.getByRole('button', { name: 'Reset prompts' }).click();
    await visitor.page.getByRole('button', { name: 'Run again' }).click();
    await expect.poll(() => visitor.listed()).toEqual(before);
    await visitor.close();
  });

  it.each(['scene-01.jpg', 'scene-04.jpg', 'scene-13.jpg'])(
    'draws boxes over the objects of %s, also where EXIF turns the image',
    async (name) => {
      const visitor = await serve.visit({ viewport: { width: 900, height: 700 } });
      await visitor.choose(join(SCENES, name));
      const drawn = await visitor.evaluate<Xyxy[]>(`(() => {
        const image = document.getElementById('image');
        const at = image.getBoundingClientRect();
        return [...document.querySelectorAll('.box')].map((group) => {
          const line = group.querySelector('.line');
          const box = line.getBBox(), toScreen = line.getScreenCTM();
          const from = new DOMPoint(box.x, box.y).matrixTransform(toScreen);
          const to = new DOMPoint(box.x + box.width, box.y + box.height).matrixTransform(toScreen);
          const x = image.naturalWidth / at.width, y = image.naturalHeight / at.height;
          return [(from.x - at.x) * x, (from.y - at.y) * y, (to.x - at.x) * x, (to.y - at.y) * y];
        });
      })()`);
      const truth = await truthOf(name);
      expect(drawn.length).toBeGreaterThan(1);
      const overlaps = drawn.map((box) => Math.max(...truth.map((other) => iou(box, other))));
      expect(Math.min(...overlaps), String(overlaps)).toBeGreaterThan(0.5);
      expect(await visitor.page.locator('#picture-note').textContent()).toBe('');
      await visitor.close();
    },
  );

  it('highlights a box that is clicked, in the image and in the list', async () => {
    const visitor = await serve.visit();
    await visitor.choose(SCENE);
    const index = await visitor.page.locator('.box').last().getAttribute('data-index');
    const at = (await visitor.page.locator('.box').last().boundingBox())!;
    await visitor.page.mouse.click(at.x + at.width / 2, at.y + at.height / 2);
    expect(await visitor.page.locator('.box.selected').getAttribute('data-index')).toBe(index);
    expect(await visitor.page.locator('[aria-selected=true]').getAttribute('id')).toBe(`box-${index!}`);
    await visitor.close();
  });
});

/** Where the objects of a scene are, in its upright image. */
async function truthOf(name: string): Promise<Xyxy[]> {
  const { images, annotations } = JSON.parse(await readFile(join(SCENES, 'instances.json'), 'utf8')) as {
    images: { id: number; file_name: string }[];
    annotations: { image_id: number; bbox: Xywh }[];
  };
  const id = images.find(({ file_name }) => file_name === name)!.id;
  return annotations.filter(({ image_id }) => image_id === id).map(({ bbox }) => xywhToXyxy(bbox));
}
