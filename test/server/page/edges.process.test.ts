import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { PredictAnswer } from '../../../src/config/predict-schema.js';
import { describeInBrowser } from '../../support/clients/browser.js';
import { ServePage } from '../../support/clients/serve-page.js';
import { SCENES } from '../../support/cli.js';
import { scene, TestServer } from '../../support/server.js';
import { temporaryFolder } from '../../support/temporary.js';

/** One box of this scene scores 0.36767: above this threshold, but not above the slider's nearest step. */
const SCENE = 'scene-09.jpg';
const BETWEEN_STEPS = '0.367';

describeInBrowser('the page', () => {
  const serve = ServePage.forSuite({ args: ['--score-threshold', BETWEEN_STEPS] });

  it("starts at exactly the server's threshold, even between two steps of the slider", async () => {
    const { scores } = PredictAnswer.parse(await (await serve.server.post(await scene(SCENE))).json());
    expect(scores.some((score) => score > Number(BETWEEN_STEPS) && score < 0.37)).toBe(true);
    const visitor = await serve.visit();
    await visitor.choose(join(SCENES, SCENE));
    const slider = visitor.page.getByRole('slider', { name: 'Score above' });
    expect(await visitor.page.locator('#threshold-shown').textContent()).toBe(BETWEEN_STEPS);
    expect(await slider.getAttribute('aria-valuetext')).toBe(BETWEEN_STEPS);
    expect(await visitor.listed()).toHaveLength(scores.length);

    await slider.press('ArrowRight');
    expect(await visitor.page.locator('#threshold-shown').textContent()).toBe('0.38');
    expect(await slider.getAttribute('aria-valuetext')).toBe('0.38');
    expect(await visitor.listed()).toHaveLength(scores.filter((score) => score > 0.38).length);
    await visitor.close();
  });

  it('sends prompts that differ from look-alikes of the server in spelling only, without these', async () => {
    const ontology = join(await temporaryFolder(), 'yard.yaml');
    await writeFile(
      ontology,
      'classes: [{ name: bottle, prompts: [a photo of a bottle] }]\nignore: [a photo of a cup]',
    );
    await using other = await TestServer.ready({ args: ['--ontology', ontology] });
    const visitor = await serve.visit({}, other.url);
    await visitor.choose(join(SCENES, 'scene-01.jpg'));
    await visitor.page.locator('#prompts').fill('A photo of a cup.: cup');
    await visitor.page.getByRole('button', { name: 'Run again' }).click();
    await visitor.page.locator('.option', { hasText: 'cup' }).first().waitFor();
    expect(visitor.complaints).toEqual([]);
    await visitor.close();
  });

  it('lets the browser handle text that is dragged into a field', async () => {
    const visitor = await serve.visit();
    const session = await visitor.page.context().newCDPSession(visitor.page);
    const data = { items: [{ mimeType: 'text/plain', data: 'my own words' }], files: [], dragOperationsMask: 1 };
    const dropOn = async (selector: string) => {
      const { x, y, width, height } = (await visitor.page.locator(selector).boundingBox())!;
      const place = { x: x + width / 2, y: y + height / 2, data };
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
        await session.send('Input.dispatchDragEvent', { type, ...place });
      }
    };
    await dropOn('#prompts');
    await expect.poll(() => visitor.page.locator('#prompts').inputValue()).toContain('my own words');
    expect(await visitor.page.locator('#problem').isVisible()).toBe(false);

    await dropOn('#welcome');
    expect(await visitor.problem()).toContain('holds no file');
    await visitor.close();
  });

  it('announces the number of boxes once, not for every box that is selected', async () => {
    const visitor = await serve.visit();
    await visitor.choose(join(SCENES, SCENE));
    await visitor.evaluate(`{
      window.announcements = 0;
      const observer = new MutationObserver((changes) => (window.announcements += changes.length));
      observer.observe(document.getElementById('status'), { childList: true, characterData: true, subtree: true });
    }`);
    await visitor.page.locator('#boxes').focus();
    for (const key of ['Home', 'ArrowDown', 'ArrowDown', 'Escape']) await visitor.page.keyboard.press(key);
    expect(await visitor.evaluate('window.announcements')).toBe(0);
    await visitor.setThreshold(0.6);
    expect(await visitor.evaluate<number>('window.announcements')).toBeGreaterThan(0);
    await visitor.close();
  });

  it('shows an empty frame for an image that browsers cannot show, and nothing for no image', async () => {
    const visitor = await serve.visit();
    const stage = visitor.page.locator('#stage');
    const buffer = await sharp(join(SCENES, SCENE)).tiff().toBuffer();
    await visitor.choose({ name: 'a.tif', mimeType: 'image/tiff', buffer });
    expect(await visitor.page.locator('.box').count()).toBeGreaterThan(0);
    expect(await visitor.page.locator('#picture-note').textContent()).toContain('this is its frame');
    const { width, height } = (await stage.boundingBox())!;
    expect(width / height).toBeCloseTo(1600 / 900, 1);

    const noImage = { name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no image') };
    await visitor.page.setInputFiles('#file', noImage);
    await visitor.problem();
    await stage.waitFor({ state: 'hidden' });
    await visitor.choose(join(SCENES, SCENE));
    expect(await stage.isVisible()).toBe(true);
    await visitor.close();
  });

  it('links to the documentation where no API key is needed to read it', async () => {
    const visitor = await serve.visit();
    await visitor.page.getByRole('link', { name: 'API documentation' }).click();
    await visitor.page.getByRole('heading', { name: 'POST /predict', exact: true }).waitFor();
    await visitor.close();
  });
});
