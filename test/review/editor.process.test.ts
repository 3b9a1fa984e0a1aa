import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { DecidedBox } from '../../src/core/review/decision.js';
import { readReview } from '../../src/run/review/read-review.js';
import { EMOJI, preannotate, Running, SCENES } from '../support/cli.js';
import { describeInBrowser, openBrowser, Visitor } from '../support/clients/browser.js';
import { listed, press, untilSaved } from '../support/review/editor-page.js';
import { temporaryFolder } from '../support/temporary.js';

describeInBrowser('an image in the page of preannotate review', () => {
  let browser: Browser;
  let made: string;
  const running: Running[] = [];

  beforeAll(async () => {
    browser = await openBrowser();
    made = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
    await mkdir(join(made, 'photos'));
    for (const name of ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg']) {
      await cp(join(SCENES, name), join(made, 'photos', name));
    }
    const { code, stderr } = await preannotate(['run', join(made, 'photos'), ...EMOJI, '--out', join(made, 'out')]);
    expect(code, stderr).toBe(0);
  });
  afterAll(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    await browser.close();
    await rm(made, { recursive: true, force: true });
  });

  /** A copy of the run with its images. */
  async function copyRun(): Promise<string> {
    const folder = await temporaryFolder();
    await cp(made, folder, { recursive: true, verbatimSymlinks: true });
    return folder;
  }

  async function startReview(folder: string, port = 0) {
    const args = ['review', join(folder, 'out'), '--images-root', join(folder, 'photos'), '--port', String(port)];
    const server = new Running(args);
    running.push(server);
    const link = await vi.waitFor(
      () => {
        const [printed] = /http:\S+token=\S+/.exec(server.stdout) ?? [];
        if (printed === undefined) throw new Error(`it has printed no link: ${server.stdout}${server.stderr}`);
        return printed;
      },
      { timeout: 60_000, interval: 100 },
    );
    const stop = async () => {
      server.child.kill('SIGKILL');
      await server.finished();
    };
    return { server, link, [Symbol.asyncDispose]: stop };
  }

  /** Opens the first image with the keyboard. */
  async function openFirst(link: string): Promise<Visitor> {
    const visitor = await Visitor.at(link, browser);
    visitor.page.setDefaultTimeout(15_000);
    await visitor.page.locator('[role=grid] [tabindex="0"]').first().focus();
    await press(visitor, 'Enter');
    await visitor.page.locator('.picture:not(.not-shown)').waitFor();
    return visitor;
  }

  it('is corrected with the keyboard alone; what was shown as saved survives a kill', async () => {
    const folder = await copyRun();
    const { server, link } = await startReview(folder);
    const visitor = await openFirst(link);
    expect(await listed(visitor)).toEqual(['wine glass draft', 'cup draft', 'bottle draft']);
    await press(visitor, 'j', 'ArrowLeft', 'Alt+ArrowUp', 'j', 'c');
    await visitor.page.keyboard.type('beer');
    await press(visitor, 'Enter', 'j', 'x', 'Enter');
    await untilSaved(visitor);
    server.child.kill('SIGKILL');
    await server.finished();
    const { state, boxes } = (await readReview(join(folder, 'out'))).get('scene-01.jpg')!;
    const [moved, renamed, rejected] = boxes as [DecidedBox, DecidedBox, DecidedBox];
    const [x1, y1, x2, y2] = moved.from!;
    expect([state, boxes.length]).toEqual(['accepted', 3]);
    expect([moved.class, ...moved.box]).toEqual(['wine glass', ...[x1 - 1, y1, x2 - 1, y2 - 1].map(toHundredths)]);
    expect([renamed.status, renamed.class, renamed.box]).toEqual(['corrected', 'beer mug', renamed.from]);
    expect([rejected.status, rejected.class, rejected.box]).toEqual(['rejected', 'bottle', rejected.from]);
    await visitor.close();
  });

  it('counts as not reviewed once its file holds another picture, and takes no decision then', async () => {
    const folder = await copyRun();
    await using review = await startReview(folder);
    const visitor = await openFirst(review.link);
    const { page } = visitor;
    await press(visitor, 'Enter');
    await untilSaved(visitor);
    await page.getByText('1 of 3 accepted').waitFor();
    await cp(join(SCENES, 'scene-09.jpg'), join(folder, 'photos/scene-01.jpg'));
    await page.reload();
    await page.getByText('0 of 3 accepted').waitFor();
    await page.getByRole('button', { name: 'All images' }).click();
    await page.locator('.cell.is-untouched', { hasText: 'Another picture now' }).click();
    await page.getByRole('alert').getByText('scene-01.jpg is another picture now').waitFor();
    await press(visitor, 'Enter', 'j', 'x');
    await page.locator('.said', { hasText: 'another picture now: run again' }).waitFor();
    expect(await page.locator('.banner').count()).toBe(0);
    expect((await readReview(join(folder, 'out'))).get('scene-01.jpg')!.revision).toBe(1);
    await visitor.close();
  });

  it('keeps what was done while the server is killed or stopped, and saves it once it answers again', async () => {
    const folder = await copyRun();
    const { server, link } = await startReview(folder);
    const visitor = await openFirst(link);
    server.child.kill('SIGSTOP');
    await press(visitor, 'j', 'x');
    await visitor.page.locator('.save-status', { hasText: 'Saving 1' }).waitFor();
    expect((await readReview(join(folder, 'out'))).size).toBe(0);
    server.child.kill('SIGCONT');
    await untilSaved(visitor);
    expect((await readReview(join(folder, 'out'))).get('scene-01.jpg')!.boxes).toHaveLength(1);

    server.child.kill('SIGKILL');
    await server.finished();
    await press(visitor, 'j', 'x', 'Enter');
    await visitor.page.locator('.save-status', { hasText: 'not saved' }).waitFor();
    await using again = await startReview(folder, Number(new URL(link).port));
    const other = await visitor.page.context().newPage();
    await other.goto(again.link); // which gives the browser the new cookie
    await untilSaved(visitor);
    const decision = (await readReview(join(folder, 'out'))).get('scene-01.jpg')!;
    expect([decision.state, decision.boxes.map(({ status }) => status).sort()]).toEqual([
      'accepted',
      ['kept', 'rejected', 'rejected'],
    ]);
    await visitor.close();
  });

  it('whose file is gone has its boxes on an empty frame, which says why', async () => {
    const folder = await copyRun();
    await rm(join(folder, 'photos', 'scene-02.jpg'));
    await using review = await startReview(folder);
    const { link } = review;
    const visitor = await openFirst(link);
    await press(visitor, 'd');
    await visitor.page.locator('.frame.failed').waitFor();
    expect(await visitor.page.locator('.picture-note').innerText()).toContain('scene-02.jpg');
    expect(await visitor.page.locator('.overlay .box').count()).toBeGreaterThan(0);
    await visitor.close();
  });
});

function toHundredths(value: number): number {
  return Math.round(100 * value) / 100;
}
