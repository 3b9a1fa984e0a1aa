import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../support/cli.js';
import { findAccessibilityProblems } from '../support/clients/axe.js';
import { describeInBrowser, openBrowser, Visitor } from '../support/clients/browser.js';
import { writeSyntheticRun } from '../support/review/synthetic-run.js';
import { temporaryFolder } from '../support/temporary.js';

const NAMES = ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg', 'a <script>& #1.jpg'];

let folder: string;
let out: string;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
  out = join(folder, 'run');
  await mkdir(join(folder, 'photos'));
  for (const [i, name] of NAMES.entries())
    await copyFile(join(SCENES, `scene-0${i + 1}.jpg`), join(folder, 'photos', name));
  await writeFile(join(folder, 'photos', 'broken.jpg'), 'no image');
  await preannotate(['run', join(folder, 'photos'), ...EMOJI, '--out', out, '--max-errors', '1']);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Written {
  readonly file: string;
  readonly images: number;
  readonly failures: number;
  readonly embedded: number;
  readonly linked: number;
  readonly bytes: number;
}

async function report(of: string, ...args: string[]) {
  const { code, stdout, stderr } = await preannotate(['report', of, '--json', ...args]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const written = JSON.parse(stdout) as Written;
  return { ...written, stderr, html: await readFile(written.file, 'utf8') };
}

describe('report', () => {
  it('writes one HTML file with all images, and nothing about the machine, the time or the folders above', async () => {
    const { file, html, ...counts } = await report(out);
    expect(file).toBe(join(out, 'report.html'));
    expect(counts).toMatchObject({ images: 4, embedded: 4, linked: 0, failures: 1, bytes: Buffer.byteLength(html) });
    expect(html).not.toContain(folder);
    expect(html).not.toMatch(/20\d\d-\d\d-\d\dT/);
    expect(html.match(/<script/g)).toHaveLength(4 + 3); // pictures; run, decisions, page
  });

  it('is the same file, byte for byte, elsewhere and later; one that is there is left alone', async () => {
    const { html } = await report(out);
    const elsewhere = join(await temporaryFolder(), 'deep');
    await cp(folder, elsewhere, { recursive: true });
    await rename(join(elsewhere, 'run'), join(elsewhere, 'other'));
    await rename(join(elsewhere, 'other'), join(elsewhere, 'run'));
    const other = await report(join(elsewhere, 'run'), '-o', join(elsewhere, 'x.html'));
    expect(other.html === html).toBe(true);
  });

  it('embeds as many pictures as have room, and says so', async () => {
    const { bytes } = await report(out);
    const { bytes: none } = await report(out, '--max-size', '1000');
    expect(none).toBeLessThan(bytes);
    const limit = Math.round((bytes + none) / 2);
    const some = await report(out, '--max-size', String(limit));
    expect(some.bytes).toBeLessThanOrEqual(limit);
    expect(some.embedded).toBeGreaterThan(0);
    expect(some.embedded).toBeLessThan(4);
    expect(some.stderr).toContain(`the pictures of the ${some.embedded} most uncertain of 4 images`);
  });

  it('links to the images by relative paths with --link', async () => {
    const { linked, embedded, bytes } = await report(out, '--link', '-o', join(folder, 'linked.html'));
    expect({ linked, embedded }).toEqual({ linked: 4, embedded: 0 });
    expect(bytes).toBeLessThan((await report(out)).bytes);
  });

  it('never replaces a file that is no report', async () => {
    const file = join(folder, 'notes.html');
    await writeFile(file, '<p>mine</p>');
    const { code, stderr } = await preannotate(['report', out, '-o', file]);
    expect(code).toBe(2);
    expect(stderr).toContain('notes.html is not a preannotate report, so it is not replaced.');
    expect(await readFile(file, 'utf8')).toBe('<p>mine</p>');
    expect((await preannotate(['report', join(folder, 'photos')])).stderr).toContain('detections.jsonl is not in it');
  });

  it('shows an evaluation that it makes, or that eval has printed, and refuses other files', async () => {
    const truth = join(out, 'coco/instances.json');
    const made = await report(out, '--truth', truth);
    const { stdout } = await preannotate(['eval', out, '--truth', truth, '--json']);
    await writeFile(join(folder, 'eval.json'), stdout);
    const read = await report(out, '--evaluation', join(folder, 'eval.json'));
    expect(read.html === made.html).toBe(true);
    expect(made.html === (await report(out)).html).toBe(false);
    await writeFile(join(folder, 'other.json'), '{}');
    const { code, stderr } = await preannotate(['report', out, '--evaluation', join(folder, 'other.json')]);
    expect(code).toBe(2);
    expect(stderr).toContain('other.json holds no evaluation: it has no "stats" and "per_class".');
  });
});

describeInBrowser('a report in a browser, from disk and offline', () => {
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  async function open(file: string): Promise<Visitor> {
    const visitor = await Visitor.at(pathToFileURL(file).href, browser, { offline: true });
    await visitor.page.locator('header h1').waitFor();
    return visitor;
  }

  /** Waits until a picture of the page is shown. */
  async function untilPicture(visitor: Visitor, isShown: string): Promise<void> {
    const state = `[...document.images].some((image) => image.naturalWidth > 0 && (${isShown})(image.src))`;
    await expect.poll(() => visitor.evaluate(state), { timeout: 20_000 }).toBe(true);
  }

  it('shows the images that it holds, and asks for nothing else', async () => {
    const { file } = await report(out);
    const visitor = await open(file);
    expect(await visitor.page.locator('header h1').innerText()).toContain('run');
    await untilPicture(visitor, `(src) => src.startsWith('data:image/webp')`);
    expect(visitor.requested.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(file).href]);
    expect(visitor.complaints).toEqual([]);
  });

  it('says how many pictures it holds, and what is known of the run; axe finds no problem', async () => {
    const { bytes } = await report(out, '--max-size', '1000');
    const some = ['--max-size', String(bytes + 12_000), '--truth', join(out, 'coco/instances.json')];
    const { file, embedded } = await report(out, ...some, '-o', join(folder, 'some.html'));
    const visitor = await open(file);
    await visitor.page.getByText(`pictures of ${embedded} of 4 images`).waitFor();
    expect(await findAccessibilityProblems(visitor.page)).toEqual([]);
    await visitor.page.getByRole('button', { name: 'About this run' }).click();
    const panel = visitor.page.getByRole('dialog');
    expect(await panel.innerText()).toMatch(/AP 1\.000[^]*Boxes per class[^]*IMAGE_\w+[^]*Model SHA-256/);
    expect(await findAccessibilityProblems(visitor.page)).toEqual([]);
    await visitor.page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    expect(visitor.complaints).toEqual([]);
  });

  it('shows the images that it links to, whatever their names', async () => {
    const { file } = await report(out, '--link', '-o', join(folder, 'linked.html'));
    const visitor = await open(file);
    await untilPicture(visitor, `(src) => src.endsWith('photos/a%20%3Cscript%3E%26%20%231.jpg')`);
    expect(visitor.complaints).toEqual([]);
  });

  it('opens a large image as the small picture it holds, and says which linked image is gone', async () => {
    const made = await temporaryFolder();
    await mkdir(join(made, 'images'));
    await copyFile(join(SCENES, 'scene-11.jpg'), join(made, 'images/large.jpg'));
    const run = join(made, 'out');
    await preannotate(['run', join(made, 'images'), ...EMOJI, '--out', run]);
    const visitor = await open((await report(run)).file);
    await visitor.page.locator('.cell').first().press('Enter');
    await visitor.page.locator('.editor .picture:not(.not-shown)').waitFor();
    await visitor.page.locator('.picture-note').waitFor({ state: 'detached' });
    expect(await findAccessibilityProblems(visitor.page)).toEqual([]);

    const { file } = await report(run, '--link', '-o', join(made, 'linked.html'));
    await rm(join(made, 'images/large.jpg'));
    const linked = await open(file);
    await linked.page.locator('.cell').first().press('Enter');
    await linked.page.locator('.picture-note').getByText('its file is not where it was').waitFor();
    expect(linked.complaints.filter((one) => one.includes('Content Security Policy'))).toEqual([]);
  });

  it('shows names with markup as text, and classes with lone surrogates', async () => {
    const hostile = join(await temporaryFolder(), 'run</title><img src=x onerror=alert(1)>');
    const classes = ['</script><script>alert(1)</script>', 'half \ud800 of a pair'];
    await writeSyntheticRun(hostile, { images: 5, classes });
    const visitor = await open((await report(hostile)).file);
    expect(await visitor.page.title()).toContain('<img src=x onerror=alert(1)>');
    expect(await visitor.evaluate('document.querySelectorAll("b, img[src=x]").length')).toBe(0);
    expect(visitor.complaints).toEqual([]);
  });

  it('of 10,000 images is there at once', async () => {
    const large = join(await temporaryFolder(), 'large');
    await writeSyntheticRun(large, { images: 10_000, boxes: 20 });
    const { file, images } = await report(large);
    expect(images).toBe(10_000);
    const visitor = await open(file);
    await visitor.page.getByText('part-0000/image-0000000.jpg').first().waitFor();
    expect(await readdir(large)).toContain('report.html');
    expect(visitor.complaints).toEqual([]);
  });
});
