import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { RULES, ruleIds } from '../../src/validation/rules/rules.js';
import { FIXTURES } from '../support/model/golden.js';

const DOCUMENT = readFileSync(join(FIXTURES, 'docs/validate.md'), 'utf8');

it('the table of rules in fixtures/docs/validate.md is the one in the code', () => {
  const rows = DOCUMENT.split('\n').filter((line) => /^\| `[\w-]+` /.test(line) && line.split('|').length === 8);
  const cells = rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
  const wanted = ruleIds.map((rule) => {
    const { severity, formats, what, breaks, fix } = RULES[rule];
    return [`\`${rule}\``, severity, formats === 'all' ? 'all' : formats.join(', '), what, breaks, fix];
  });
  expect(cells).toEqual(wanted);
});
