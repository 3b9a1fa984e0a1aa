import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser, openBrowser, Visitor } from '../../support/clients/browser.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { TestServer } from '../../support/server.js';

const NAME = 'scene-04.jpg';

interface Coco {
  readonly info: { readonly contributor: string };
  readonly images: readonly object[];
  readonly categories: readonly object[];
  readonly annotations: readonly object[];
}

describeInBrowser('the result on the page', () => {
  let server: TestServer;
  let browser: Browser;
  let visitor: Visitor;
  let out: string;

  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
    const inputs = ['run', join(SCENES, NAME), ...EMOJI, '--out', out];
    const { code, stderr } = await preannotate(inputs);
    expect(code, stderr).toBe(0);
    [server, browser] = await Promise.all([TestServer.ready(), openBrowser()]);
    const permissions = ['clipboard-read', 'clipboard-write'];
    visitor = await (await Visitor.at(server.url, browser, { permissions })).ready();
    await visitor.choose(join(SCENES, NAME));
  });

  afterAll(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
    await rm(out, { recursive: true });
  });

  const text = () => visitor.page.locator('#result').inputValue();
  const written = (file: string) => readFile(join(out, file), 'utf8');

  it('in COCO JSON equals what `preannotate run` writes for the image', async () => {
    const page = JSON.parse(await text()) as Coco;
    const run = JSON.parse(await written('coco/instances.json')) as Coco;
    expect(run.annotations.length).toBeGreaterThan(2);
    const { annotations, categories, images } = page;
    expect({ annotations, categories, images }).toEqual({
      annotations: run.annotations,
      categories: run.categories,
      images: run.images,
    });
    expect(page.info.contributor).toBe(run.info.contributor);
  });

  it('in YOLO lines and classes.txt equals what `preannotate run` writes', async () => {
    await visitor.page.getByLabel('YOLO lines').check();
    expect(await text()).toBe(await written('yolo/labels/train/scene-04.txt'));
    await visitor.page.getByLabel('YOLO classes.txt').check();
    expect(await text()).toBe(await written('yolo/classes.txt'));
  });

  it('holds the boxes above the threshold only', async () => {
    await visitor.page.getByLabel('YOLO lines').check();
    const all = (await text()).split('\n');
    await visitor.setThreshold(0.6);
    const count = Number(await visitor.page.locator('#count').textContent());
    expect(count).toBeGreaterThan(0);
    expect((await text()).split('\n')).toEqual([...all.slice(0, count), '']);
    await visitor.setThreshold(1);
    expect(await text()).toBe('');
    await visitor.setThreshold(0.35);
    expect((await text()).split('\n')).toEqual(all);
  });

  it('can be copied to the clipboard, and downloaded under the name of the image', async () => {
    await visitor.page.getByLabel('YOLO lines').check();
    await visitor.page.getByRole('button', { name: 'Copy' }).click();
    await visitor.page.locator('#result-status', { hasText: 'Copied' }).waitFor();
    expect(await visitor.evaluate('navigator.clipboard.readText()')).toBe(await text());

    const downloads: [string, string][] = [
      ['COCO JSON', 'scene-04.coco.json'],
      ['YOLO lines', 'scene-04.txt'],
      ['YOLO classes.txt', 'classes.txt'],
    ];
    for (const [label, name] of downloads) {
      await visitor.page.getByLabel(label).check();
      const downloading = visitor.page.waitForEvent('download');
      await visitor.page.getByRole('button', { name: 'Download' }).click();
      const download = await downloading;
      expect(download.suggestedFilename()).toBe(name);
      expect(await readFile(await download.path(), 'utf8')).toBe(await text());
    }
  });

  it('is selected, ready to be copied by hand, where the browser forbids the clipboard', async () => {
    // as on http pages
    await visitor.evaluate(`void Object.defineProperty(navigator, 'clipboard', { value: undefined })`);
    await visitor.page.getByRole('button', { name: 'Copy' }).click();
    await visitor.page.locator('#result-status', { hasText: 'Ctrl+C' }).waitFor();
    expect(await visitor.evaluate('String(getSelection())')).toBe(await text());
  });
});
