import { formatBytes } from '../../src/core/text.js';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { DownloadProgress } from '../../src/progress/download.js';

function watched({ isTTY = false, quiet = false } = {}) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100 });
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  let atMs = 0;
  const progress = new DownloadProgress({ stream, quiet, now: () => atMs });
  return { progress, text: () => text, later: (ms: number) => (atMs += ms) };
}

describe('the progress of a download', () => {
  it('is a line every ten seconds without a terminal, and one at the end', () => {
    const { progress, text, later } = watched();
    for (let i = 0; i <= 30; i++) {
      progress.progress({ done: i * 10_000_000, total: 300_000_000 });
      later(1000);
    }
    expect(text().trim().split('\n')).toEqual([
      'Fetching the model: 0 B of 300.0 MB (0 %)',
      'Fetching the model: 100.0 MB of 300.0 MB, 10.0 MB/s (33 %)',
      'Fetching the model: 200.0 MB of 300.0 MB, 10.0 MB/s (66 %)',
      'Fetching the model: 300.0 MB of 300.0 MB, 10.0 MB/s (100 %)',
    ]);
  });

  it('leaves no timer behind when the download fails, which would keep the process alive', () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    {
      using progress = watched({ isTTY: true }).progress;
      progress.progress({ done: 1, total: 100 });
      expect(timers()).toBe(before + 1);
    }
    expect(timers()).toBe(before);
  });

  it('does not count bytes of an earlier process for its rate', () => {
    const { progress, text, later } = watched();
    progress.progress({ done: 500_000_000, total: 600_000_000 });
    later(10_000);
    progress.progress({ done: 510_000_000, total: 600_000_000 });
    expect(text()).toMatch(/510\.0 MB of 600\.0 MB, 1\.0 MB\/s/);
  });

  it('is a bar on a terminal, which is removed when a note is printed', () => {
    const { progress, text } = watched({ isTTY: true });
    progress.progress({ done: 1, total: 4_000_000 });
    progress.note('model.safetensors arrived with wrong bytes');
    progress.progress({ done: 4_000_000, total: 4_000_000 });
    expect(text()).toMatch(/█|░/);
    expect(text()).toMatch(/wrong bytes\n/);
    expect(text()).toMatch(/4\.0 MB of 4\.0 MB/);
  });

  it('is not shown when quiet', () => {
    const { progress, text } = watched({ quiet: true });
    progress.progress({ done: 1, total: 1 });
    progress.note('something');
    expect(text()).toBe('');
  });

  it('shows bytes in the unit that fits', () => {
    expect([0, 999, 1000, 1_053_000, 612_900_000, 5e15].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.1 MB',
      '612.9 MB',
      '5000.0 TB',
    ]);
  });
});
