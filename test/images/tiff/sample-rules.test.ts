import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { READ_COMPRESSIONS, REFUSED_COLOURS, REFUSED_COMPRESSIONS } from '../../../src/images/tiff/picture-rules.js';
import { findSampleRule, OTHER_SAMPLES, SAMPLE_RULES } from '../../../src/images/tiff/sample-rules.js';
import { FIXTURES } from '../../support/model/golden.js';

const DOCUMENT = readFileSync(join(FIXTURES, 'docs/tiff.md'), 'utf8');

/** The cells of the rows of the document's tables. */
const rows = DOCUMENT.split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

describe('the table of sample types in fixtures/docs/tiff.md', () => {
  it('is the table in the code', () => {
    const wanted = [...SAMPLE_RULES, { ...OTHER_SAMPLES, name: 'other depths, such as packed 12 bits' }].map(
      ({ name, rule, pillow, opencv, gdal }) => [name, rule, pillow, opencv, gdal],
    );
    const start = rows.findIndex(([first]) => first === wanted[0]![0]);
    expect(rows.slice(start, start + wanted.length)).toEqual(wanted);
  });

  it('names every compression and colour space that is refused', () => {
    for (const name of Object.values(REFUSED_COMPRESSIONS)) expect(DOCUMENT).toContain(name);
    for (const reason of Object.values(REFUSED_COLOURS)) {
      expect(DOCUMENT).toContain(/\((\w+)\)|(\w+)$/.exec(reason)!.slice(1).find(Boolean)!);
    }
    for (const code of Object.keys(REFUSED_COMPRESSIONS)) expect(READ_COMPRESSIONS.has(Number(code))).toBe(false);
  });
});

describe('the rules', () => {
  it('are one for each kind of sample, and those that are refused have a command', () => {
    const kinds = SAMPLE_RULES.flatMap(({ format, bits }) => bits.map((count) => `${format} ${count}`));
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(findSampleRule('float', 32)?.reading).toBe('measured');
    expect(findSampleRule('unsigned', 12)).toBeUndefined();
    for (const { reading, advice } of SAMPLE_RULES)
      if (reading === 'refused') expect(advice).toMatch(/^gdal_translate/);
  });
});
