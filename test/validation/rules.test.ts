import { expect, it } from 'vitest';
import { formatNames } from '../../src/formats/index.js';
import { RULES, ruleIds } from '../../src/validation/rules/rules.js';
import { correctSet, describeFinding, validated } from './correct-set.js';
import { FILE_MISTAKES } from './file-mistakes.js';
import { FOLDER_MISTAKES } from './folder-mistakes.js';
import { GENERAL_MISTAKES } from './general-mistakes.js';

const MISTAKES = [...GENERAL_MISTAKES, ...FILE_MISTAKES, ...FOLDER_MISTAKES];

it.each(formatNames)('a correct data set in %s keeps all rules', async (format) => {
  const set = await correctSet(format);
  const { findings, checked } = await validated(format, set);
  expect(findings).toEqual([]);
  expect(checked).toMatchObject({ images: 3, boxes: 4, classes: 2 });
});

it.each(MISTAKES.map(([format, change, ...found]) => ({ format, change, found })))(
  '$format: one mistake is $found, and nothing else',
  async ({ format, change, found }) => {
    const set = await correctSet(format);
    await change(set);
    const { findings } = await validated(format, set);
    const places = findings.filter(({ severity, rule }) => severity !== 'info' || found[0]!.startsWith(rule));
    expect(places.map((finding) => describeFinding(finding, set.folder)).sort()).toEqual([...found].sort());
    for (const { problem, breaks, fix } of findings)
      for (const text of [problem, breaks, fix]) expect(text).not.toBe('');
  },
);

it('every rule is broken by one of these mistakes, in one of its formats', () => {
  const broken = new Map(MISTAKES.flatMap(([format, , ...found]) => found.map((one) => [one.split(' ')[0]!, format])));
  expect(ruleIds.filter((rule) => !broken.has(rule))).toEqual([]);
  for (const [format, , ...found] of MISTAKES)
    for (const one of found) {
      const { formats } = RULES[one.split(' ')[0] as keyof typeof RULES];
      expect(formats === 'all' || formats.includes(format), `${one} in ${format}`).toBe(true);
    }
});
