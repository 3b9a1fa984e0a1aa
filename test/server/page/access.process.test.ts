import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeInBrowser } from '../../support/clients/browser.js';
import { ServePage } from '../../support/clients/serve-page.js';
import { SCENES } from '../../support/cli.js';

const SCENE = join(SCENES, 'scene-01.jpg');

/** Each element with text of its own: the text, and the contrast of its colour to its background (WCAG 2). */
const CONTRASTS = `(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = rgba(colour).map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (rgba(backgroundColor)[3] === 255) return backgroundColor;
    }
    return 'canvas';
  };
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
  return [...document.querySelectorAll('body *')]
    .filter((element) => (own(element) || element.matches('input[type=url], textarea')) && element.checkVisibility())
    .map((element) => {
      const [a, b] = [getComputedStyle(element).color, groundOf(element)].map(luminance);
      return [element.textContent || element.id, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    });
})()`;

/** What has the focus, and whether an outline shows it, on itself or on the label that stands for it. */
const FOCUSED = `(() => {
  const element = document.activeElement;
  const shown = element.id === 'file' ? document.querySelector('label[for=file]') : element;
  const { outlineStyle, outlineWidth } = getComputedStyle(shown);
  return [element.id || element.value || element.textContent, outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2];
})()`;

describeInBrowser('the page', () => {
  const serve = ServePage.forSuite();

  it('lets the Tab key reach every control, and shows which one has the focus', async () => {
    const visitor = await serve.visit();
    await visitor.choose(SCENE);
    const reached: string[] = [];
    for (let i = 0; i < 20; i++) {
      await visitor.page.keyboard.press('Tab');
      const [name, isShown] = await visitor.evaluate<[string, boolean]>(FOCUSED);
      expect.soft(isShown, name).toBe(true);
      reached.push(name.trim());
    }
    const zoom = ['zoom-out', 'zoom-in', 'zoom-fit', 'viewport'];
    const boxes = ['threshold', 'boxes', 'class-0', 'class-1', 'class-2'];
    const expected = ['docs', 'file', 'url', 'Fetch', ...zoom, ...boxes, 'prompts', 'Run again'];
    expect(reached).toEqual([...expected, 'reset', 'coco', 'result', 'copy', 'download']);
    await visitor.close();
  });

  it('can be operated with the keyboard alone', async () => {
    const visitor = await serve.visit();
    const { page } = visitor;
    const choosing = page.waitForEvent('filechooser');
    await page.locator('#file').focus();
    await page.keyboard.press('Enter');
    await (await choosing).setFiles(SCENE);
    await visitor.untilStatus('found');
    const before = (await visitor.listed()).length;

    await page.locator('#threshold').focus();
    for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowLeft');
    expect(await page.locator('#threshold-shown').textContent()).toBe('0.15');
    await visitor.untilStatus('above 0.15');
    expect((await visitor.listed()).length).toBeGreaterThanOrEqual(before);

    await page.keyboard.press('Tab');
    const chosen = () =>
      visitor.evaluate<[string, string]>(`[
        document.getElementById('boxes').getAttribute('aria-activedescendant') ?? '',
        document.querySelector('.box.selected')?.dataset.index ?? '']`);
    const last = (await visitor.listed()).length - 1;
    expect(await chosen()).toEqual(['box-0', '0']);
    await page.keyboard.press('ArrowDown');
    expect(await chosen()).toEqual(['box-1', '1']);
    expect(await page.locator('[aria-selected=true]').getAttribute('id')).toBe('box-1');
    await page.keyboard.press('End');
    expect(await chosen()).toEqual([`box-${last}`, String(last)]);
    await page.keyboard.press('ArrowUp');
    expect(await chosen()).toEqual([`box-${last - 1}`, String(last - 1)]);
    await page.keyboard.press('Escape');
    expect(await chosen()).toEqual(['', '']);

    await page.locator('#prompts').fill('a photo of a bottle: container');
    await page.keyboard.press('Control+Enter');
    await page.locator('.option', { hasText: 'container' }).first().waitFor();
    await visitor.close();
  });

  it('names every control, and announces changes in live regions', async () => {
    const visitor = await serve.visit();
    await visitor.choose(SCENE);
    const { page } = visitor;
    const named: [Parameters<typeof page.getByRole>[0], string | RegExp][] = [
      ['slider', 'Score above'],
      ['listbox', /^Boxes/],
      ['textbox', 'Image URL'],
      ['textbox', /^One prompt a line/],
      ['textbox', 'The boxes shown, as text'],
      ['radio', 'YOLO lines'],
      ['link', 'API documentation'],
      ['img', 'scene-01.jpg'],
    ];
    for (const [role, name] of named) expect.soft(await page.getByRole(role, { name }).count(), String(name)).toBe(1);
    expect(await page.getByLabel('Choose an image', { exact: true }).count()).toBeGreaterThan(0);
    expect(await page.locator('#status').getAttribute('role')).toBe('status');
    expect(await page.locator('#problem').getAttribute('role')).toBe('alert');
    await visitor.close();
  });

  it("follows the visitor's light or dark colour scheme, and text is readable in both", async () => {
    const grounds = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const visitor = await serve.visit({ colorScheme });
      await visitor.choose(SCENE);
      await visitor.page.locator('.option').first().click();
      await visitor.evaluate(`document.getElementById('problem').hidden = false`);
      await visitor.evaluate(`void document.getElementById('problem').append('A problem')`);
      const contrasts = await visitor.evaluate<[string, number][]>(CONTRASTS);
      expect(contrasts.length).toBeGreaterThan(25);
      for (const [text, contrast] of contrasts) {
        expect.soft(contrast, `${text}, ${colorScheme}`).toBeGreaterThanOrEqual(4.5);
      }
      grounds.push(await visitor.evaluate<string>('getComputedStyle(document.body).backgroundColor'));
      await visitor.close();
    }
    expect(grounds[0]).not.toBe(grounds[1]);
  });

  it.each([320, 390, 768, 1600])('fits a window %i pixels wide', async (width) => {
    const visitor = await serve.visit({ viewport: { width, height: 800 } });
    await visitor.choose(SCENE);
    expect(await visitor.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const image = (await visitor.page.locator('#image').boundingBox())!;
    expect(image.x + image.width).toBeLessThanOrEqual(width);
    await visitor.close();
  });

  it('does not animate for visitors who prefer reduced motion', async () => {
    const animation = `getComputedStyle(document.querySelector('.spinner')).animationName`;
    for (const [reducedMotion, expected] of [['no-preference', 'turn'] as const, ['reduce', 'none'] as const]) {
      const visitor = await serve.visit({ reducedMotion });
      await visitor.evaluate(`void document.body.classList.add('busy')`);
      expect(await visitor.evaluate(animation)).toBe(expected);
      await visitor.close();
    }
  });
});
