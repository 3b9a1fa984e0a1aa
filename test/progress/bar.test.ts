import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Progress } from '../../src/progress/bar.js';

function driven(isTTY: boolean, quiet = false) {
  let nowMs = 0;
  const stream = Object.assign(new PassThrough(), { isTTY });
  const progress = new Progress({ stream, quiet, now: () => nowMs });
  const printed = () => String(stream.read() ?? '');
  return { progress, printed, pass: (ms: number) => (nowMs += ms) };
}

describe('progress without a terminal', () => {
  it('prints a line at every tenth of the images, with rate, failures and the time left', () => {
    const { progress, printed, pass } = driven(false);
    progress.start({ total: 200, done: 0 });
    for (let i = 0; i < 200; i++) {
      pass(50);
      progress.tick({ ok: i !== 3 });
    }
    progress.stop();
    const lines = printed().trimEnd().split('\n');
    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe('20 of 200 images (10 %), 20 images/s, 1 failed, ETA 9 s');
    expect(lines.at(-1)).toBe('200 of 200 images (100 %), 20 images/s, 1 failed');
  });

  it('prints a line every ten seconds, however slow the run is', () => {
    const { progress, printed, pass } = driven(false);
    progress.start({ total: 10_000, done: 0 });
    for (let i = 0; i < 10; i++) {
      pass(4000);
      progress.tick({ ok: true });
    }
    expect(printed().trimEnd().split('\n')).toEqual([
      '3 of 10000 images (0 %), 0.25 images/s, 0 failed, ETA 11 h 6 min',
      '6 of 10000 images (0 %), 0.25 images/s, 0 failed, ETA 11 h 6 min',
      '9 of 10000 images (0 %), 0.25 images/s, 0 failed, ETA 11 h 6 min',
    ]);
  });

  it('prints at most one line a second, and the last one', () => {
    const { progress, printed, pass } = driven(false);
    progress.start({ total: 20, done: 0 });
    for (let i = 0; i < 20; i++) {
      pass(100);
      progress.tick({ ok: true });
    }
    progress.stop();
    const done = printed()
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ', 1)[0]);
    expect(done).toEqual(['10', '20']);
  });

  it('counts images of earlier attempts as done, but not for the rate', () => {
    const { progress, printed, pass } = driven(false);
    progress.start({ total: 100, done: 90 });
    for (let i = 0; i < 10; i++) {
      pass(1000);
      progress.tick({ ok: true });
    }
    progress.stop();
    expect(printed()).toMatch(/^90 of 100 images are already done\.\n91 of 100 .*1\.00 images\/s/);
  });

  it('has the counts of images as they come, go and change, and the rate of those that were done', () => {
    const { progress, printed, pass } = driven(false);
    progress.start({ total: 2, done: 1, failed: 1, isOpen: true });
    pass(1000);
    progress.follow({ total: 3, done: 1, failed: 1 });
    progress.tick({ ok: true }, { total: 3, done: 2, failed: 0 }); // the one that had failed
    pass(1000);
    progress.tick({ ok: true }, { total: 3, done: 2, failed: 0 }); // one that has changed
    progress.follow({ total: 2, done: 2, failed: 0 });
    progress.stop();
    const lines = ['1 of 2 images are already done.', '2 of 3 images (66 %), 1.00 images/s, 0 failed'];
    const last = '2 of 2 images (100 %), 1.00 images/s, 0 failed';
    expect(printed().trimEnd().split('\n')).toEqual([...lines, lines[1], last]);
  });

  it('escapes control characters in notes', () => {
    const { progress, printed } = driven(false);
    progress.note('bad \u001b[31mname\r.jpg');
    expect(printed()).toBe('bad \\u001b[31mname\\u000d.jpg\n');
  });

  it('prints nothing when quiet', () => {
    const { progress, printed, pass } = driven(false, true);
    progress.start({ total: 1, done: 0 });
    progress.note('note');
    pass(20_000);
    progress.tick({ ok: true });
    progress.stop();
    expect(printed()).toBe('');
  });
});

describe('progress on a terminal', () => {
  beforeEach(() => {
    vi.stubEnv('TERM', 'xterm');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('is a bar with images/s, time left, failures and resumed images', () => {
    const { progress, printed, pass } = driven(true);
    progress.start({ total: 10, done: 6 });
    pass(1000);
    progress.tick({ ok: true });
    progress.tick({ ok: false });
    progress.stop();
    expect(printed()).toMatch(/█+░+ 80% \| 8\/10 \| 2\.00 images\/s \| ETA 1 s \| 1 failed, 6 resumed/);
  });

  it('prints notes above the bar, and a plain line in its place at the end', () => {
    const { progress, printed, pass } = driven(true);
    progress.start({ total: 4, done: 0 });
    pass(1000);
    for (let i = 0; i < 3; i++) progress.tick({ ok: true });
    progress.note('A worker died.');
    progress.tick({ ok: true });
    progress.stop();
    const lines = printed().split('\n');
    expect(lines.map(afterClearing)).toEqual(['A worker died.', '4 of 4 images (100 %), 4.00 images/s, 0 failed', '']);
  });

  it('fits into 80 columns with large numbers', () => {
    const { progress, printed, pass } = driven(true);
    progress.start({ total: 100_000, done: 0 });
    pass(1000);
    for (let i = 0; i < 12; i++) progress.tick({ ok: false });
    progress.stop();
    const bars = printed()
      .split('\u001b')
      .map((part) => part.slice(part.indexOf(' ')));
    const last = bars.filter((bar) => bar.includes('12/100000')).at(-1)!;
    expect(last).toContain('12 failed');
    expect(last.length).toBeLessThanOrEqual(80);
  });

  it('shows the cursor again at the end', () => {
    const { progress, printed } = driven(true);
    progress.start({ total: 4, done: 0 });
    progress.stop();
    const text = printed();
    expect(text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(text.lastIndexOf('\u001b[?25l'));
  });

  it('is plain lines on a dumb terminal', () => {
    vi.stubEnv('TERM', 'dumb');
    const { progress, printed, pass } = driven(true);
    progress.start({ total: 1, done: 0 });
    pass(1000);
    progress.tick({ ok: true });
    progress.stop();
    expect(printed()).toBe('1 of 1 images (100 %), 1.00 images/s, 0 failed\n');
  });

  it('is not shown when quiet', () => {
    const { progress, printed } = driven(true, true);
    progress.start({ total: 1, done: 0 });
    progress.tick({ ok: false });
    progress.note('note');
    progress.stop();
    expect(printed()).toBe('');
  });
});

/** The part of a line that stays on the screen: the rest is cleared, or escape sequences that move the cursor. */
function afterClearing(line: string): string {
  const kept = line.slice(line.lastIndexOf('\u001b[2K') + 1).replace('[2K', '');
  return kept.replaceAll(/\u001b(\[[?\d;]*[A-Za-z]|[78])/g, '');
}
