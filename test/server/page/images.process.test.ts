import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SCENES } from '../../support/cli.js';
import { findAccessibilityProblems } from '../../support/clients/axe.js';
import { describeInBrowser } from '../../support/clients/browser.js';
import { ServePage } from '../../support/clients/serve-page.js';
import { TestServer } from '../../support/server.js';

describeInBrowser('the page', () => {
  const serve = ServePage.forSuite();

  it('has an example to try, which can be enlarged, and axe finds no problem', async () => {
    const visitor = await serve.visit();
    expect(await findAccessibilityProblems(visitor.page)).toEqual([]);
    await visitor.page.getByRole('button', { name: 'Example 1' }).click();
    await visitor.untilStatus('found');
    expect((await visitor.listed()).length).toBeGreaterThan(1);
    const widthOf = () => visitor.evaluate<number>('document.querySelector("#stage").clientWidth');
    const before = await widthOf();
    await visitor.page.getByRole('button', { name: 'Zoom in' }).click();
    expect(await widthOf()).toBeCloseTo(before * 1.5, -1);
    expect(await findAccessibilityProblems(visitor.page)).toEqual([]);
    await visitor.page.getByRole('button', { name: 'Fit' }).click();
    expect(await widthOf()).toBe(before);
    expect(visitor.complaints).toEqual([]);
    await visitor.close();
  });

  it('takes several images, keeps their answers, and hides classes', async () => {
    const visitor = await serve.visit();
    await visitor.choose(['scene-01.jpg', 'scene-02.jpg'].map((name) => join(SCENES, name)));
    const first = await visitor.listed();
    await visitor.page.getByRole('button', { name: 'scene-02.jpg, 2 of 2' }).click();
    await visitor.page.locator('#name', { hasText: 'scene-02.jpg' }).waitFor();
    await visitor.untilStatus('found');
    expect(await visitor.listed()).not.toEqual(first);
    const asked = visitor.requested.filter((url) => url.endsWith('/predict')).length;
    await visitor.page.getByRole('button', { name: 'scene-01.jpg, 1 of 2' }).click();
    await visitor.page.locator('#name', { hasText: 'scene-01.jpg' }).waitFor();
    await visitor.untilStatus('found');
    expect(await visitor.listed()).toEqual(first);
    expect(visitor.requested.filter((url) => url.endsWith('/predict'))).toHaveLength(asked);
    const [[label]] = first as [[string, string]];
    await visitor.page.locator('#class-filter label', { hasText: label }).locator('input').uncheck();
    expect((await visitor.listed()).map(([name]) => name)).not.toContain(label);
    await visitor.close();
  });

  it('shows no boxes beside an error', async () => {
    const visitor = await serve.visit();
    await visitor.choose(join(SCENES, 'scene-01.jpg'));
    await visitor.page.locator('#prompts').fill('mug: []\n');
    await visitor.page.getByRole('button', { name: 'Run again' }).click();
    await visitor.problem();
    expect(await visitor.listed()).toEqual([]);
    await visitor.close();
  });

  it('of a server without an ontology asks for prompts, and its API says that they are missing', async () => {
    await using without = await TestServer.ready({ model: ['--model', 'builtin:emoji'] });
    const { url } = without;
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(200);
    const info = (await (await fetch(`${url}/info`)).json()) as object;
    expect(info).toMatchObject({ needs_ontology: true, classes: [] });
    const visitor = await serve.visit({}, url);
    await visitor.page.getByRole('button', { name: 'Example 1' }).click();
    expect(await visitor.problem()).toContain('Write a prompt and its class');
    await visitor.page.locator('#prompts').fill('a photo of a cup: cup');
    await visitor.page.getByRole('button', { name: 'Run again' }).click();
    await visitor.untilStatus('found');
    const form = new FormData();
    form.set('image', new Blob([await (await fetch(`${url}/page/scene-07.jpg`)).arrayBuffer()]));
    const answer = await fetch(`${url}/predict`, { method: 'POST', body: form });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain('Send the field \\"ontology\\"');
  });
});
