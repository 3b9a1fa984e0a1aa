import { relative, resolve, sep } from 'node:path';
import { counted, printable } from '../../core/text.js';
import type { Place } from './existing-path.js';
import { expandBraces, isCostly, isExpandable, makeExpression } from './glob-limits.js';
import { escapeBrackets, toMicromatch } from './pattern-text.js';
import { globRule, type Rule } from './rules.js';

/** A sentence with a pattern that matches something, for one that matches nothing; undefined when there is none. */
export function suggestPattern(rule: Rule, names: readonly string[], place: Place): string | undefined {
  const { glob } = rule;
  if (glob === undefined || isCostly(glob)) return undefined;
  const pattern = rule.written.replace(/^!/, '');
  const others: [pattern: string, reason: string][] = [
    [escapeBrackets(pattern), 'takes brackets literally'],
    [pattern.replaceAll('\\', '/'), 'uses slashes'],
    [relative(place.root, resolve(place.cwd, pattern)).replaceAll(sep, '/'), `is relative to ${place.root}`],
    [`**/${pattern}`, 'looks in all folders'],
    [`${pattern}/**`, 'takes what is in folders'],
  ];
  for (const [other, reason] of others) {
    const count = other === pattern ? 0 : countMatches(other, rule, names);
    const shown = printable(`${rule.isNegated ? '!' : ''}${other}`);
    if (count > 0) return `"${shown}", which ${printable(reason)}, matches ${counted(count, 'file')}.`;
  }
  return suggestCase(glob, names);
}

/** How many names another pattern would match in the place of a rule; 0 where that takes long to find out. */
export function countMatches(pattern: string, rule: Rule, names: readonly string[]): number {
  const glob = toMicromatch(pattern);
  if (!isExpandable(glob) || isCostly(glob)) return 0;
  const other = globRule(glob, rule);
  return names.filter((name) => other.matches(name)).length;
}

/** Names are compared exactly: upper and lower case differ. */
function suggestCase(glob: string, names: readonly string[]): string | undefined {
  const expression = makeExpression(expandBraces(glob.replace(/\/$/, '')), { flags: 'i' });
  for (const name of names) {
    const parts = name.split('/');
    const found = parts.map((_, i) => parts.slice(0, i + 1).join('/')).find((path) => expression.test(path));
    if (found !== undefined) return `"${printable(found)}" differs from it only in upper and lower case.`;
  }
  return undefined;
}
