import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { preannotate, SCENES } from '../support/cli.js';
import { describeInBrowser, openBrowser, Visitor } from '../support/clients/browser.js';
import { acceptImages } from '../support/review/accept-images.js';
import { temporaryFolder } from '../support/temporary.js';

const ONTOLOGY = `
classes:
  - name: bottle
    prompts: [a photo of a bottle]
    threshold: 0.35
  - name: cup
    prompts: [a photo of a cup]
`;

/** A run of three scenes and a file that is no image, with a threshold of its own for one class. */
async function annotate(): Promise<string> {
  const folder = await temporaryFolder();
  const photos = join(folder, 'photos');
  await mkdir(photos);
  for (const name of ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg'])
    await copyFile(join(SCENES, name), join(photos, name));
  await writeFile(join(photos, 'broken.jpg'), 'no image');
  await writeFile(join(folder, 'table.yaml'), ONTOLOGY);
  const out = join(folder, 'out');
  const given = ['--model', 'builtin:emoji', '--ontology', join(folder, 'table.yaml'), '--max-errors', '1'];
  const { code, stderr } = await preannotate(['run', photos, ...given, '--out', out, '--quiet']);
  if (code !== 0) throw new Error(stderr);
  return out;
}

describeInBrowser('a report of a run with thresholds, failures and a review', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it('has the threshold of each class, failures with reasons, and the review as ground truth', async () => {
    const out = await annotate();
    await acceptImages(out, { 'scene-01.jpg': (boxes) => boxes });
    const { code, stderr } = await preannotate(['report', out, '--truth', 'review', '--quiet']);
    expect(code, stderr).toBe(0);
    const url = pathToFileURL(join(out, 'report.html')).href;
    const { page, complaints, requested } = await Visitor.at(url, browser, { offline: true });
    const thresholdOf = (name: string) => page.getByRole('slider', { name: `Threshold of ${name}` });
    await expect.poll(() => thresholdOf('bottle').getAttribute('aria-valuenow')).toBe('0.35');
    expect(await thresholdOf('cup').getAttribute('aria-valuenow')).toBe('0.1');
    await page.getByRole('button', { name: 'About this run' }).click();
    const about = await page.getByRole('dialog').innerText();
    expect(about).toMatch(/AP 1\.000.* of \d objects in 1 image\.[^]*Images that failed\s+IMAGE_UNSUPPORTED\s+1\s/);
    expect(about).toMatch(/bottle\s+0\.350[^]*cup\s+0\.100/);
    await page.keyboard.press('Escape');
    await page.getByLabel('State').selectOption('failed');
    await page.locator('.failures').getByText('broken.jpg').waitFor();
    const failures = await page.locator('.failures').innerText();
    expect(failures).toMatch(
      /broken\.jpg\s+Its content is not an image that can be read \(text file\)\.\s+IMAGE_UNSUPPORTED/,
    );
    expect(requested.filter((one) => !one.startsWith('data:'))).toEqual([url]);
    expect(complaints).toEqual([]);
  });
});
