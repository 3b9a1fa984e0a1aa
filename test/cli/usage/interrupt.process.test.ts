import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, manyScenes, Running, untilJournalled } from '../../support/cli.js';
import { HAS_TERMINAL, OnTerminal } from '../../support/system/terminal.js';
import { temporaryFolder } from '../../support/temporary.js';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const MESSAGE = 'SIGINT: stopping. Finished images are saved; the same command continues from there.';

describe.runIf(HAS_TERMINAL)('Ctrl-C on a terminal', () => {
  it('stops the bar first, and leaves the message on a line of its own', async () => {
    const folder = await temporaryFolder();
    await manyScenes(join(folder, 'images'), 60);
    const out = join(folder, 'out');
    const run = new OnTerminal(['run', join(folder, 'images'), ...EMOJI, '-o', out]);
    await run.untilShown('images/s');
    await untilJournalled(out, 3);
    run.type('\u0003');
    const { code, text } = await run.finished();
    expect(code).toBe(130);
    const at = text.indexOf(MESSAGE);
    expect(at).toBeGreaterThan(0);
    const [before, after] = [text.slice(0, at), text.slice(at + MESSAGE.length)];
    // The line was cleared, the cursor is back, and nothing moves it afterwards.
    expect(before).toMatch(/\r\u001b\[K$/);
    expect(before.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(before.lastIndexOf(HIDE_CURSOR));
    expect(after).toMatch(/^\r?\n(?:\d+ of \d+ images \(\d+ %\).*\r?\n)?$/);
  });
});

it('SIGINT without a terminal leaves one line, without control sequences', async () => {
  const folder = await temporaryFolder();
  await manyScenes(join(folder, 'images'), 60);
  const out = join(folder, 'out');
  const run = new Running(['run', join(folder, 'images'), ...EMOJI, '-o', out]);
  await untilJournalled(out, 3);
  run.child.kill('SIGINT');
  const { code, stderr } = await run.finished();
  expect(code).toBe(130);
  expect(stderr.split('\n').filter((line) => line === MESSAGE)).toHaveLength(1);
  expect(stderr).not.toMatch(/\u001b|\n\n/);
});
