import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser, openBrowser } from '../support/clients/browser.js';
import { copyRun, runScenes, TestReview } from '../support/review/review-server.js';

let folder = '';
let scenes = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
  scenes = await runScenes(folder);
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A review with --open, and the arguments that the program that opens the browser was given. */
async function openedReview(out: string): Promise<{ review: TestReview; args: string }> {
  const given = join(folder, 'arguments');
  await rm(given, { force: true });
  await writeFile(
    join(folder, 'xdg-open'),
    `#!/bin/sh\nprintf '%s\\n' "$@" > ${given}.part; mv ${given}.part ${given}\n`,
    {
      mode: 0o755,
    },
  );
  const review = new TestReview(out, ['--open'], { env: { PATH: `${folder}:${process.env['PATH']}` } });
  await review.printed();
  for (;;) {
    const args = await readFile(given, 'utf8').catch(() => undefined);
    if (args !== undefined) return { review, args: args.trimEnd() };
    await sleep(50);
  }
}

it('--open shows the token to no other user: the browser gets a file that only this one can read', async () => {
  const out = await copyRun(scenes);
  const { review, args } = await openedReview(out);
  await using _review = review;
  const token = new URL(review.link).searchParams.get('token')!;
  expect(args).toMatch(/^file:\/\/\S+\.html$/);
  expect(args).not.toContain(token);
  const file = fileURLToPath(args);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, 'utf8')).toContain(token);
  expect((await review.stopped()).code).toBe(0);
  await expect(stat(file)).rejects.toThrow('ENOENT');
});

describeInBrowser('the file of --open', () => {
  it('leads a browser to the page', async () => {
    const { review, args } = await openedReview(await copyRun(scenes));
    await using _review = review;
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(args);
      await page.getByText('scene-01.jpg').first().waitFor();
      expect(page.url()).toMatch(new RegExp(`^${review.origin}/(#.*)?$`));
    } finally {
      await browser.close();
    }
  });
});
