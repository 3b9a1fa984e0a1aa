import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { escapeMarkdown, markdownTable } from '../../../src/cli/summary/markdown.js';
import { runMarkdown } from '../../../src/cli/summary/run-markdown.js';
import { wantsSummary, writeSummary } from '../../../src/cli/summary/write-summary.js';
import { StatisticsCounter } from '../../../src/statistics/statistics.js';
import { temporaryFolder } from '../../support/temporary.js';

describe('Markdown', () => {
  it('shows names as they are: no markup, no HTML, no further cell, one line', () => {
    expect(escapeMarkdown('a|b *c* <img src=x> [d](e) `f` @g')).toBe(
      String.raw`a\|b \*c\* \<img src=x\> \[d\]\(e\) \`f\` \@g`,
    );
    expect(escapeMarkdown('a\nb\u0007\u202e')).toBe(String.raw`a b \\u202e`);
    expect(escapeMarkdown('x'.repeat(5000)).length).toBeLessThan(110);
  });

  it('has tables with as many cells in every row', () => {
    const lines = markdownTable([
      ['class', 'boxes'],
      ['a|b\\|c', '3'],
    ]).trim();
    const cells = lines.split('\n').map((line) => line.match(/(?:\\.|[^|\\])+/g)!.length);
    expect(cells).toEqual([2, 2, 2]);
  });
});

describe('the summary of a run', () => {
  it('has counts, failures, classes and thresholds', () => {
    const counter = new StatisticsCounter([{ name: 'wine|glass', id: 1, threshold: 0.1 }]);
    counter.add({ width: 100, height: 50, boxes: [{ className: 'wine|glass', width: 50, height: 40, score: 0.7 }] });
    counter.add({ width: 100, height: 50, boxes: [] });
    const text = runMarkdown({ statistics: counter.statistics(), failed: { IMAGE_UNDECODABLE: 2 } }, 'builtin:emoji');
    expect(text).toContain('2 images, 1 with boxes and 1 without. 1 box');
    expect(text).toContain(String.raw`| IMAGE\_UNDECODABLE | 2 |`);
    expect(text).toContain(String.raw`| wine\|glass | 1 | 1 | 0.1 | 0.700 |`);
    expect(text).toContain('| 0.65 | 1 | 1 |');
    expect(text).toContain('| 0.70 | 0 | 0 |');
    expect(text).not.toMatch(/\n{3}/);
  });

  it('of no boxes has no empty tables', () => {
    const text = runMarkdown({ statistics: new StatisticsCounter([]).statistics() }, 'a');
    expect(text).not.toContain('|');
  });
});

describe('summaries', () => {
  it('replace the file of --summary, and are added to that of the step', async () => {
    const folder = await temporaryFolder();
    const [file, step] = [join(folder, 'a/b.md'), join(folder, 'step.md')];
    await writeFile(step, 'before\n');
    const places = { file, environment: { GITHUB_STEP_SUMMARY: step } };
    expect(await writeSummary('one', places)).toEqual([]);
    expect(await writeSummary('two', places)).toEqual([]);
    expect([await readFile(file, 'utf8'), await readFile(step, 'utf8')]).toEqual(['two', 'before\none\ntwo\n']);
    expect(await writeSummary('three', { file: step, environment: { GITHUB_STEP_SUMMARY: step } })).toEqual([]);
    expect(await readFile(step, 'utf8')).toBe('three');
  });

  it('leave the file of the step below 1 MiB, and fail no job because of it', async () => {
    const folder = await temporaryFolder();
    const step = join(folder, 'step.md');
    await writeFile(step, 'x'.repeat((1 << 20) - 3));
    const notes = await writeSummary('more', { file: undefined, environment: { GITHUB_STEP_SUMMARY: step } });
    expect(notes).toEqual([expect.stringContaining('is left out')]);
    expect((await readFile(step)).length).toBe((1 << 20) - 3);
    const other = await writeSummary('more', { file: undefined, environment: { GITHUB_STEP_SUMMARY: folder } });
    expect(other).toEqual([expect.stringContaining('cannot be written: a folder has that name')]);
    await expect(writeSummary('more', { file: join(step, 'a.md'), environment: {} })).rejects.toThrow('step.md');
  });

  it('are wanted only where someone asks', () => {
    expect(wantsSummary({ file: undefined, environment: { GITHUB_STEP_SUMMARY: '' } })).toBe(false);
    expect(wantsSummary({ file: undefined, environment: { GITHUB_STEP_SUMMARY: 'a' } })).toBe(true);
  });
});
