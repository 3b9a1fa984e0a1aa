import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { describeInBrowser, openBrowser } from '../support/clients/browser.js';
import { copyRun, TestReview } from '../support/review/review-server.js';
import { sampleRun } from '../support/review/sample-run.js';

const scenes = sampleRun();

/** A review with --open, and the arguments that the program that opens the browser was given. */
async function openedReview(out: string): Promise<{ review: TestReview; args: string }> {
  const given = join(scenes.folder, 'arguments');
  await rm(given, { force: true });
  await writeFile(
    join(scenes.folder, 'xdg-open'),
    `#!/bin/sh\nprintf '%s\\n' "$@" > ${given}.part; mv ${given}.part ${given}\n`,
    {
      mode: 0o755,
    },
  );
  const review = new TestReview(out, ['--open'], { env: { PATH: `${scenes.folder}:${process.env['PATH']}` } });
  await review.printed();
  for (;;) {
    const args = await readFile(given, 'utf8').catch(() => undefined);
    if (args !== undefined) return { review, args: args.trimEnd() };
    await sleep(50);
  }
}

it('--open shows the token to no other user: the browser gets a file that only this one can read', async () => {
  const out = await copyRun(scenes.out);
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
    const { review, args } = await openedReview(await copyRun(scenes.out));
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
