import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser, openBrowser } from '../../../support/clients/browser.js';
import {
  detectionOf,
  listed,
  openImage,
  press,
  said,
  thumbnailShown,
  untilSaved,
} from '../../../support/review/editor-page.js';
import { PackServer } from '../../../support/review/pack-server.js';
import { packOf } from '../../../support/review/packs.js';

const FIRST = [
  detectionOf(1, 0, { score: 0.9, box: [100.25, 100.5, 200.75, 180.13] }),
  detectionOf(2, 1, { score: 0.8, box: [300, 300, 380.01, 400.99] }),
  detectionOf(3, 2, { score: 0.7, box: [10.5, 20.5, 60.25, 80.75] }),
];
const SECOND = [detectionOf(9, 1, { score: 0.6, box: [50, 50, 90, 90] })];
const pack = packOf([FIRST, SECOND, []]);

describeInBrowser('the editor, with the keyboard alone,', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  async function open(image = 1) {
    const server = await PackServer.open(pack);
    const visitor = await openImage(server.url, image, browser);
    return { server, visitor, boxesOf: (id: number) => server.decisions.get(id)?.boxes ?? [] };
  }

  it('moves, resizes, rejects, renames and draws boxes, and accepts exactly what is shown', async () => {
    const { server, visitor, boxesOf } = await open();
    await using _server = server;
    await press(visitor, 'j', 'ArrowRight', 'Shift+ArrowDown', 'Alt+ArrowLeft', 'Alt+Shift+ArrowUp');
    await press(visitor, 'j', 'x');
    await press(visitor, 'c');
    await visitor.page.keyboard.type('s 1');
    await press(visitor, 'Enter', 'b', '3', 'Shift+ArrowLeft');
    expect(await listed(visitor)).toEqual(['class 0 corrected', 'class 1 corrected', 'class 2 drawn']);
    await press(visitor, 'Enter');
    await untilSaved(visitor);
    const [first, second, third, drawn, ...others] = boxesOf(1);
    const prompts = [0, 1, 2].map((one) => `a photo of class ${one}`);
    expect(first).toEqual({
      id: 'p1',
      status: 'corrected',
      class: 'class 0',
      box: [101.25, 110.5, 200.75, 180.13],
      from: FIRST[0]!.box,
      prompt: prompts[0],
      score: 0.9,
    });
    expect(second).toMatchObject({ id: 'p2', status: 'rejected', box: FIRST[1]!.box, from: FIRST[1]!.box });
    expect(third).toMatchObject({ id: 'p3', status: 'corrected', class: 'class 1', box: FIRST[2]!.box });
    expect(drawn).toMatchObject({ status: 'drawn', class: 'class 2' });
    for (const value of drawn!.box) expect(value).toBe(Number(value.toFixed(2)));
    expect([others, server.decisions.get(1)!.state]).toEqual([[], 'accepted']);
    expect(await said(visitor)).toBe('Accepted with 3 boxes. image-000001.jpg: 1 box.');
    expect(visitor.complaints).toEqual([]);
    await visitor.close();
  });

  it('offers the class that a box has first: Enter alone changes none', async () => {
    const { server, visitor, boxesOf } = await open();
    await using _server = server;
    await press(visitor, 'j', 'j', 'c');
    expect(await visitor.page.locator('#class-options [aria-selected=true] .words').innerText()).toBe('class 1');
    await press(visitor, 'Enter');
    await untilSaved(visitor);
    expect(boxesOf(1)).toMatchObject([{ id: 'p2', status: 'kept', class: 'class 1' }]);
    await visitor.close();
  });

  it('moves each edge of a box', async () => {
    const { server, visitor, boxesOf } = await open();
    await using _server = server;
    await press(visitor, 'j', 'Control+ArrowRight', 'Control+Shift+ArrowUp', 'Alt+ArrowRight', 'Alt+Shift+ArrowDown');
    await untilSaved(visitor);
    expect(boxesOf(1)).toMatchObject([{ box: [101.25, 90.5, 201.75, 190.13] }]);
    await visitor.close();
  });

  it('accepts one image a press, however long the key is held', async () => {
    const { server, visitor } = await open();
    await using _server = server;
    await visitor.page.keyboard.down('Enter');
    await visitor.page.keyboard.down('Enter'); // as a key that is held repeats
    await visitor.page.keyboard.down('Enter');
    await visitor.page.keyboard.up('Enter');
    await untilSaved(visitor);
    expect([...server.decisions.values()].map(({ image }) => image)).toEqual(['image-000000.jpg']);
    await visitor.close();
  });

  it('accepts in the grid as well beside a corrected box of an earlier model with the same number', async () => {
    const { server, visitor, boxesOf } = await open();
    await using _server = server;
    const corrected = { id: 'p1', status: 'corrected' as const, class: 'class 2' };
    const box = { ...corrected, box: [5, 5, 15, 15] as const, from: [4, 4, 16, 16] as const };
    const said = { image: 'image-000000.jpg', sha256: '', revision: 0, author: 'a', at: '' };
    server.decisions.set(1, { ...said, state: 'open', boxes: [box] });
    await visitor.page.goto(server.url);
    await visitor.page.reload();
    await visitor.page.locator('.cell').first().focus();
    await thumbnailShown(visitor.page);
    await press(visitor, ' ');
    await visitor.page.locator('.cell.is-accepted').waitFor();
    await untilSaved(visitor);
    expect(
      boxesOf(1)
        .map(({ id, status }) => `${id} ${status}`)
        .sort(),
    ).toEqual(['p1 corrected', 'p1-2 kept', 'p2 kept', 'p3 kept']);
    await visitor.close();
  });

  it('accepts an untouched image with the numbers of the model, and reopens it', async () => {
    const { server, visitor, boxesOf } = await open();
    await using _server = server;
    await press(visitor, 'Enter', 'a');
    await untilSaved(visitor);
    expect(boxesOf(1).map(({ status, box, from }) => [status, box, from])).toEqual(
      FIRST.map(({ box }) => ['kept', box, box]),
    );
    await press(visitor, 'o');
    await untilSaved(visitor);
    expect(server.decisions.get(1)!.state).toBe('open');
    await visitor.close();
  });

  it('undoes and redoes across images, and goes back to the image concerned', async () => {
    const { server, visitor, boxesOf } = await open();
    await using _server = server;
    await press(visitor, 'j', 'x', 'd', 'j', 'x', 'z');
    await untilSaved(visitor);
    expect([boxesOf(1).length, boxesOf(2).length]).toEqual([1, 0]);
    await press(visitor, 'Control+z');
    await untilSaved(visitor);
    expect(await visitor.page.locator('.image-name').innerText()).toContain('image-000000.jpg');
    expect(boxesOf(1)).toEqual([]);
    await press(visitor, 'Shift+Z', 'Control+y');
    await untilSaved(visitor);
    expect([boxesOf(1)[0]?.status, boxesOf(2)[0]?.status]).toEqual(['rejected', 'rejected']);
    expect(await visitor.page.locator('.image-name').innerText()).toContain('image-000001.jpg');
    await visitor.close();
  });

  it('copies the selected box to the next image, or all where none is selected', async () => {
    const { server, visitor, boxesOf } = await open();
    await using _server = server;
    await press(visitor, 'j', 'v');
    await untilSaved(visitor);
    expect(boxesOf(2)).toMatchObject([{ status: 'drawn', class: 'class 0', box: [100.25, 75.38, 200.75, 135.1] }]);
    expect(await said(visitor)).toBe(
      '1 box copied, scaled: the images have different sizes. image-000001.jpg: 2 boxes.',
    );
    await visitor.page.locator('.said').getByText('1 box copied').waitFor();
    await press(visitor, 'a', 'j', 'v');
    expect(await said(visitor)).toBe('no boxes copied, 1 is there already. image-000001.jpg: 2 boxes.');
    await press(visitor, 'v');
    await untilSaved(visitor);
    expect(boxesOf(3).map(({ status }) => status)).toEqual(['drawn', 'drawn']);
    await press(visitor, 'v');
    expect(await said(visitor)).toContain('This is the last image');
    await visitor.close();
  });

  it('shows rejected boxes on demand, and restores them as they were', async () => {
    const { server, visitor, boxesOf } = await open();
    await using _server = server;
    await press(visitor, 'j', 'x', 'Escape');
    expect(await listed(visitor)).toEqual(['class 1 draft', 'class 2 draft']);
    await press(visitor, 'g', 'j', 'x');
    await untilSaved(visitor);
    expect(boxesOf(1)).toEqual([]);
    expect(await listed(visitor)).toEqual(['class 0 draft', 'class 1 draft', 'class 2 draft']);
    await visitor.close();
  });

  it('keeps and rejects what a later run suggests for an accepted image', async () => {
    const { server, visitor, boxesOf } = await open(3);
    await using _server = server;
    const accepted = { image: 'image-000000.jpg', sha256: '', revision: 1, author: 'a', at: '' };
    server.decisions.set(1, { ...accepted, state: 'accepted', boxes: [] });
    await visitor.page.reload();
    await visitor.page.locator('.picture:not(.not-shown)').waitFor();
    await press(visitor, 'a', 'a', 'j', 'y', 'j', 'x');
    await untilSaved(visitor);
    expect(boxesOf(1).map(({ id, status }) => `${id} ${status}`)).toEqual(['p1 kept', 'p2 rejected']);
    expect(await listed(visitor)).toEqual(['class 0 kept', 'class 2 suggestion']);
    await visitor.close();
  });

  it('lists its keys in a dialog that Escape closes alone, and gives the focus back', async () => {
    const { server, visitor } = await open();
    await using _server = server;
    await press(visitor, '?');
    const dialog = visitor.page.getByRole('dialog', { name: 'Keys' });
    expect(await dialog.innerText()).toContain('Undo, on other images too');
    await press(visitor, 'Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await visitor.evaluate('document.activeElement.className')).toContain('stage');
    await press(visitor, 'Escape');
    await visitor.page.locator('.editor').waitFor({ state: 'detached' });
    await visitor.close();
  });
});
