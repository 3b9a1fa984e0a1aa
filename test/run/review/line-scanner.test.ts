import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromCompactChanges, toCompactChanges } from '../../../src/core/review/compact.js';
import { applyChanges, decidedBefore, type Change, type DecidedBox } from '../../../src/core/review/decision.js';
import type { Decision } from '../../../src/core/review/decision.js';
import { KeptTable } from '../../../src/core/review/stored/kept-table.js';
import { checksum, formatLine } from '../../../src/disk/checked-line.js';
import { jsonError } from '../../../src/disk/json.js';
import { LineScanner } from '../../../src/run/review/line-scanner.js';
import { readReview } from '../../../src/run/review/read-review.js';
import { ReviewLine } from '../../../src/run/review/review-line.js';
import { temporaryFolder } from '../../support/temporary.js';

const FROM = [1, 2.5, 30, 40.25] as const;

function kept(id: string, changed: Partial<DecidedBox> = {}): DecidedBox {
  return { id, status: 'kept', class: 'dog', box: FROM, from: FROM, prompt: 'a dog', score: 0.98765, ...changed };
}

const set = (box: DecidedBox): Change => ({ op: 'set', box });
const forget = (id: string): Change => ({ op: 'forget', id });
const ACCEPT: Change = { op: 'state', state: 'accepted' };
const OPEN: Change = { op: 'state', state: 'open' };
const drawn: DecidedBox = { id: 'd1', status: 'drawn', class: 'cat', box: [0, 0, 9, 9.5] };
const rejected = kept('p2', { status: 'rejected' });
const moved = kept('p1', { status: 'corrected', box: [2, 2.5, 31, 40.25] });

/** Steps on one image, in this order. */
const STEPS: readonly (readonly Change[])[] = [
  [set(moved), set(drawn)],
  [set(kept('p1')), set(kept('p2', { class: 'é "日本"', prompt: 'a \\ dog' })), set(kept('p3')), ACCEPT],
  [set(rejected)],
  [OPEN, forget('p3'), forget('nothing')],
  [set(kept('p3', { class: 'cat', prompt: 'a cat' })), set(kept('p30')), set(drawn), set(kept('p4')), ACCEPT],
  [set(kept('p1-2')), set(kept('p5')), set(kept('p5', { score: 0.5 }))],
  [],
  [set(kept('p6', { score: 1 / 3 }))],
];

function lineOf(revision: number, changes: readonly Change[], image = 'a.jpg'): string {
  const facts = { image, sha256: 'ab', revision, author: 'Ana "é"', at: '2026-01-01T00:00:00.000Z' };
  return formatLine({ ...facts, step: `page-${revision}`, base: revision - 1, changes: toCompactChanges(changes) });
}

/** What the schema alone makes of a file. @throws PreannotateError; undefined: a line that is no JSON */
function readBySchema(path: string, lines: readonly string[]): Map<string, Decision> | undefined {
  const decisions = new Map<string, Decision>();
  for (const [i, line] of lines.entries()) {
    const value = parse(line);
    if (value === undefined) return undefined;
    const { data, error } = ReviewLine.safeParse(value);
    if (data === undefined) throw jsonError(`${path}:${i + 1}`, error, { code: 'JOURNAL_DAMAGED', hint: '' });
    const { image, sha256, revision, author, at, changes } = data;
    const decided = applyChanges(decidedBefore(decisions.get(image), sha256), fromCompactChanges(changes));
    decisions.set(image, { image, sha256, revision, ...decided, author, at });
  }
  return decisions;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

describe('lines of review.jsonl', () => {
  it('add up to what the schema makes of them, after every step', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'review.jsonl');
    const lines = STEPS.map((changes, i) => lineOf(i + 1, changes));
    for (let count = 1; count <= lines.length; count++) {
      await writeFile(path, lines.slice(0, count).join(''));
      expect(await readReview(folder)).toEqual(readBySchema(path, lines.slice(0, count)));
    }
  });

  it('add up over hundreds of steps on one image', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'review.jsonl');
    const lines = Array.from({ length: 300 }, (_, i) => lineOf(i + 1, STEPS[i % STEPS.length]!));
    await writeFile(path, lines.join(''));
    expect(await readReview(folder)).toEqual(readBySchema(path, lines));
  });

  it('as this program writes them are read without the schema, and those with other values are not', () => {
    const scanner = new LineScanner(new KeptTable());
    const isKnown = STEPS.map((changes) => scanner.read(Buffer.from(lineOf(1, changes).slice(0, -1))) !== undefined);
    expect(isKnown).toEqual([true, true, true, true, true, false, true, false]);
  });

  it('with any value replaced are refused in the words of the schema, or read as it reads them', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'review.jsonl');
    const body = lineOf(7, [
      set(kept('p1')),
      set(kept('p2', { class: 'é', prompt: 'a' })),
      set(rejected),
      forget('p3'),
    ]).slice(0, -',"check":"12345678"}\n'.length);
    let refused = 0;
    for (const changed of changesOf(body)) {
      const line = `${changed},"check":"${checksum(changed)}"}\n`;
      await writeFile(path, line);
      const outcome = await outcomeOf(() => readReview(folder));
      const expected = await outcomeOf(() => readBySchema(path, [line]));
      if (expected === undefined) expect(outcome, changed).toMatch(/:1: this line was changed/);
      else expect(outcome, changed).toEqual(expected);
      if (typeof outcome === 'string') refused++;
    }
    expect(refused).toBeGreaterThan(200);
  });
});

describe('a line of review.jsonl with commas between which there is nothing', () => {
  const keep = JSON.stringify(toCompactChanges([set(kept('p1'))])[0]);
  const accept = JSON.stringify(toCompactChanges([ACCEPT])[0]);
  const write = JSON.stringify(toCompactChanges([set(drawn)])[0]);

  it.each([
    ['first', `,${keep}`],
    ['before a list of boxes', `${accept},,${keep}`],
    ['before a list, after another change', `${write},,${keep}`],
    ['between lists', `${keep},,${keep}`],
    ['between lists, with a space', `${keep}, ,${keep}`],
    ['before a change', `${keep},,${accept}`],
    ['before another change', `${keep},,${write}`],
    ['last', `${keep},`],
    ['last, after a change', `${accept},`],
    ['alone', ','],
  ])('is refused as one that was changed, although its checksum is right: %s', async (_where, changes) => {
    const folder = await temporaryFolder();
    const body = lineOf(1, [])
      .slice(0, -',"check":"12345678"}\n'.length)
      .replace('"changes":[]', () => `"changes":[${changes}]`);
    expect(body).toContain(changes);
    await writeFile(join(folder, 'review.jsonl'), `${body},"check":"${checksum(body)}"}\n`);
    await expect(readReview(folder)).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: expect.stringContaining(':1: this line was changed') as string,
    });
  });
});

const OTHER_NUMBERS = ['-1', '01', '1.', '.5', '1e3', '1.234', '4294967296', '0.123456', '"1"'];
const OTHER_TEXTS = ['""', '"p01"', '"é\\u0022"', `"${'x'.repeat(65)}"`, 'null', '["dog","a dog"]'];
const OTHER_SIGNS = ['', ',', ']', '}'];

/** The text with each of its numbers, texts and signs replaced in turn. */
function* changesOf(text: string): Iterable<string> {
  for (const { 0: token, index } of text.matchAll(/-?\d+(?:\.\d+)?|"(?:[^"\\]|\\.)*"|[[\]{},:]/g)) {
    const others = token.startsWith('"') ? OTHER_TEXTS : /\d/.test(token) ? OTHER_NUMBERS : OTHER_SIGNS;
    for (const other of others) {
      if (other !== token) yield `${text.slice(0, index)}${other}${text.slice(index + token.length)}`;
    }
  }
}

/** What a function gives, or the message that it throws. */
async function outcomeOf(read: () => unknown): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    return (error as Error).message;
  }
}
