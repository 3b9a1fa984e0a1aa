import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Progress } from '../../src/progress/bar.js';

function driven(isTTY: boolean, quiet = false) {
  let nowMs = 0;
  const stream = Object.assign(new PassThrough(), { isTTY });
  const progress = new Progress({ stream, quiet, now: () => nowMs });
  const said = () => String(stream.read() ?? '');
  return { progress, said, pass: (ms: number) => (nowMs += ms) };
}

describe('progress without a terminal', () => {
  it('is a plain line at every tenth, with rate, failures and the time left', () => {
    const { progress, said, pass } = driven(false);
    progress.start({ total: 200, done: 0 });
    for (let i = 0; i < 200; i++) {
      pass(50);
      progress.tick({ ok: i !== 3 });
    }
    progress.stop();
    const lines = said().trimEnd().split('\n');
    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe('20 of 200 images (10 %), 20 images/s, 1 failed, ETA 9 s');
    expect(lines.at(-1)).toBe('200 of 200 images (100 %), 20 images/s, 1 failed');
  });

  it('says something every ten seconds however slow it goes', () => {
    const { progress, said, pass } = driven(false);
    progress.start({ total: 10_000, done: 0 });
    for (let i = 0; i < 10; i++) {
      pass(4000);
      progress.tick({ ok: true });
    }
    expect(said().trimEnd().split('\n')).toEqual([
      '3 of 10000 images (0 %), 0.25 images/s, 0 failed, ETA 11 h 6 min',
      '6 of 10000 images (0 %), 0.25 images/s, 0 failed, ETA 11 h 6 min',
      '9 of 10000 images (0 %), 0.25 images/s, 0 failed, ETA 11 h 6 min',
    ]);
  });

  it('counts what earlier attempts did as done, not as speed', () => {
    const { progress, said, pass } = driven(false);
    progress.start({ total: 100, done: 90 });
    for (let i = 0; i < 10; i++) {
      pass(1000);
      progress.tick({ ok: true });
    }
    progress.stop();
    expect(said()).toMatch(/^90 of 100 images are done already\.\n91 of 100 .*1\.00 images\/s/);
  });

  it('shows control characters in notes instead of obeying them', () => {
    const { progress, said } = driven(false);
    progress.note('bad \u001b[31mname\r.jpg');
    expect(said()).toBe('bad \\u001b[31mname\\u000d.jpg\n');
  });

  it('is silent when asked to be quiet', () => {
    const { progress, said, pass } = driven(false, true);
    progress.start({ total: 1, done: 0 });
    progress.note('note');
    pass(20_000);
    progress.tick({ ok: true });
    progress.stop();
    expect(said()).toBe('');
  });
});

describe('progress on a terminal', () => {
  beforeEach(() => {
    vi.stubEnv('TERM', 'xterm');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('is a bar with images/s, time left, failures and what was resumed', () => {
    const { progress, said, pass } = driven(true);
    progress.start({ total: 10, done: 6 });
    pass(1000);
    progress.tick({ ok: true });
    progress.tick({ ok: false });
    progress.stop();
    expect(said()).toMatch(/█+░+ 80% \| 8\/10 \| 2\.00 images\/s \| ETA 1 s \| 1 failed, 6 resumed/);
  });

  it('leaves notes above the bar, and in the end one plain line instead of it', () => {
    const { progress, said, pass } = driven(true);
    progress.start({ total: 4, done: 0 });
    pass(1000);
    for (let i = 0; i < 3; i++) progress.tick({ ok: true });
    progress.note('A worker died.');
    progress.tick({ ok: true });
    progress.stop();
    const lines = said().split('\n');
    expect(lines.map(afterClearing)).toEqual(['A worker died.', '4 of 4 images (100 %), 4.00 images/s, 0 failed', '']);
  });

  it('fits into 80 columns with large numbers', () => {
    const { progress, said, pass } = driven(true);
    progress.start({ total: 100_000, done: 0 });
    pass(1000);
    for (let i = 0; i < 12; i++) progress.tick({ ok: false });
    progress.stop();
    const bars = said()
      .split('\u001b')
      .map((part) => part.slice(part.indexOf(' ')));
    const last = bars.filter((bar) => bar.includes('12/100000')).at(-1)!;
    expect(last).toContain('12 failed');
    expect(last.length).toBeLessThanOrEqual(80);
  });

  it('gives the cursor back', () => {
    const { progress, said } = driven(true);
    progress.start({ total: 4, done: 0 });
    progress.stop();
    const text = said();
    expect(text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(text.lastIndexOf('\u001b[?25l'));
  });

  it('is plain lines where the terminal is dumb', () => {
    vi.stubEnv('TERM', 'dumb');
    const { progress, said, pass } = driven(true);
    progress.start({ total: 1, done: 0 });
    pass(1000);
    progress.tick({ ok: true });
    progress.stop();
    expect(said()).toBe('1 of 1 images (100 %), 1.00 images/s, 0 failed\n');
  });

  it('is nothing at all when asked to be quiet', () => {
    const { progress, said } = driven(true, true);
    progress.start({ total: 1, done: 0 });
    progress.tick({ ok: false });
    progress.note('note');
    progress.stop();
    expect(said()).toBe('');
  });
});

/** What is left of a line on the screen: the rest was cleared, and what is left of escape sequences moves the cursor. */
function afterClearing(line: string): string {
  const kept = line.slice(line.lastIndexOf('\u001b[2K') + 1).replace('[2K', '');
  return kept.replaceAll(/\u001b(\[[?\d;]*[A-Za-z]|[78])/g, '');
}
