import { open, readFile, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Change, DecidedBox } from '../../../src/core/review/decision.js';
import { formatLine } from '../../../src/disk/checked-line.js';
import { readReview } from '../../../src/run/review/read-review.js';
import { ReviewJournal } from '../../../src/run/review/review-journal.js';
import { temporaryFolder } from '../../support/temporary.js';

function drawn(id: string, x = 1): DecidedBox {
  return { id, status: 'drawn', class: 'dog', box: [x, 2, x + 30.25, 40] };
}

const set = (id: string, x?: number): Change => ({ op: 'set', box: drawn(id, x) });
const ACCEPT: Change = { op: 'state', state: 'accepted' };
const step = (image: string, ...changes: Change[]) => ({ image, sha256: 'ab', changes, author: 'Ana' });
const bySteps = (id: string, base: number, ...changes: Change[]) => ({ ...step('a.jpg', ...changes), id, base });

afterEach(() => vi.restoreAllMocks());

describe('lines of review.jsonl', () => {
  it('have only what a step changed, however many boxes the image has', async () => {
    const folder = await temporaryFolder();
    await using journal = await ReviewJournal.open(folder);
    const boxes = Array.from({ length: 200 }, (_, i): Change => {
      const box = [i, 2, i + 30, 40] as const;
      return {
        op: 'set',
        box: { id: `p${i}`, status: 'kept', class: 'dog', box, from: box, prompt: 'a dog', score: 0.5 },
      };
    });
    await journal.append(step('a.jpg', ...boxes, ACCEPT));
    await journal.append(step('a.jpg', set('x')));
    const [first, second] = (await readFile(journal.path, 'utf8')).split('\n');
    expect(first!.length).toBeLessThan(8000); // 200 boxes of 40 characters
    expect(second!.length).toBeLessThan(300);
    expect((await readReview(folder)).get('a.jpg')!.boxes).toHaveLength(201);
    expect(await readReview(folder)).toEqual(journal.decisions);
  });

  it('of earlier versions, which have all boxes, are read, and new ones go on from them', async () => {
    const folder = await temporaryFolder();
    const facts = { image: 'a.jpg', sha256: 'ab', author: 'Ana', at: '2026-01-01T00:00:00.000Z' };
    const whole = [
      { ...facts, revision: 1, state: 'open', boxes: [drawn('x')], changes: [set('x')] },
      { ...facts, revision: 4, state: 'accepted', boxes: [drawn('x'), drawn('y')], changes: [set('y'), ACCEPT] },
    ];
    await writeFile(join(folder, 'review.jsonl'), whole.map(formatLine).join(''));
    {
      await using journal = await ReviewJournal.open(folder);
      expect(journal.decisions.get('a.jpg')).toMatchObject({ revision: 4, boxes: [drawn('x'), drawn('y')] });
      await journal.append(step('a.jpg', { op: 'forget', id: 'x' }, set('z')));
    }
    const decision = (await readReview(folder)).get('a.jpg');
    expect(decision).toMatchObject({ revision: 5, state: 'accepted', boxes: [drawn('y'), drawn('z')] });
  });
});

describe('a step that is sent again', () => {
  it('is applied once, and answered as the first time, also when others changed the image since', async () => {
    const folder = await temporaryFolder();
    const first = bySteps('page-1', 0, set('x', 1));
    const answers: unknown[] = [];
    {
      await using journal = await ReviewJournal.open(folder);
      answers.push(...(await Promise.all([journal.append(first), journal.append(first)])));
      await journal.append(bySteps('other-1', 1, set('x', 9)));
      answers.push(await journal.append(first));
    }
    await using again = await ReviewJournal.open(folder); // a server that was restarted
    answers.push(await again.append(first));
    expect(answers).toEqual(answers.map(() => answers[0]));
    expect(answers[0]).toMatchObject({ revision: 1, step: 'page-1', boxes: [drawn('x', 1)] });
    expect(again.decisions.get('a.jpg')).toMatchObject({ revision: 2, boxes: [drawn('x', 9)] });
    expect((await readFile(again.path, 'utf8')).trim().split('\n')).toHaveLength(2);
  });

  it('after it could not be saved is applied then', async () => {
    const folder = await temporaryFolder();
    await using journal = await ReviewJournal.open(folder);
    await journal.append(step('a.jpg', set('x')));
    const sync = vi.spyOn(await prototypeOf(journal.path), 'datasync').mockRejectedValueOnce(new Error('EIO'));
    await expect(journal.append(bySteps('page-1', 1, set('y')))).rejects.toThrow('EIO');
    expect(journal.find('page-1')).toBeUndefined();
    expect(journal.savedAfter(1)).toEqual([]);
    expect(await journal.append(bySteps('page-1', 1, set('y')))).toMatchObject({ revision: 2, step: 'page-1' });
    expect(sync).toHaveBeenCalledTimes(2);
    expect(await readReview(folder)).toEqual(journal.decisions);
  });
});

describe('steps of several pages', () => {
  it('that were based on less than is there name what they overwrite, also after a restart', async () => {
    const folder = await temporaryFolder();
    await ReviewJournal.open(folder).then(async (journal) => {
      await journal.append(bySteps('one-1', 0, set('x', 1), set('y', 1)));
      await journal.append(bySteps('one-2', 1, set('x', 2)));
      await journal[Symbol.asyncDispose]();
    });
    await using journal = await ReviewJournal.open(folder);
    const late = await journal.append(bySteps('two-1', 1, set('x', 7)));
    expect(late.overwrote).toEqual([{ step: 'one-2', author: 'Ana', change: set('x', 2) }]);
    const seen = await journal.append(bySteps('one-3', 3, set('x', 8)));
    expect(seen.overwrote).toBeUndefined();
    const atOnce = await Promise.all([
      journal.append(bySteps('one-4', 4, set('z', 1))),
      journal.append(bySteps('two-2', 4, set('z', 2))),
    ]);
    expect(atOnce.map(({ overwrote }) => overwrote?.length)).toEqual([undefined, 1]);
    expect(journal.savedAfter(2)).toEqual([late, seen, ...atOnce]);
    await using again = await ReviewJournal.open(folder);
    expect(again.savedAfter(2)).toEqual([late, seen, ...atOnce]);
    expect([again.savedAfter(6), again.savedAfter(7)]).toEqual([[], undefined]);
  });

  it('are remembered up to a number, and not as far back as that', async () => {
    const folder = await temporaryFolder();
    await using journal = await ReviewJournal.open(folder);
    const images = Array.from({ length: 10_001 }, (_, i) => `${i}.jpg`);
    await Promise.all(images.map((image, i) => journal.append({ ...step(image, ACCEPT), id: `page-${i}` })));
    expect(journal.savedAfter(0)).toBeUndefined();
    expect(journal.savedAfter(9001)).toHaveLength(1000);
    expect([await journal.find('page-0'), await journal.find('page-10000')]).toMatchObject([
      undefined,
      { image: '10000.jpg' },
    ]);
    await using again = await ReviewJournal.open(folder);
    expect([again.savedAfter(0), again.savedAfter(9001)?.length]).toEqual([undefined, 1000]);
  });
});

describe('a step is reported as saved', () => {
  it('only after the disk has confirmed it', async () => {
    const folder = await temporaryFolder();
    await using journal = await ReviewJournal.open(folder);
    await journal.append(step('a.jpg', set('x')));
    let confirm = () => {};
    const confirmed = new Promise<void>((resolve) => (confirm = resolve));
    const prototype = await prototypeOf(journal.path);
    const sync = vi.spyOn(prototype, 'datasync').mockImplementationOnce(() => confirmed);
    const close = vi.spyOn(prototype, Symbol.asyncDispose);
    let isSaved = false;
    const saving = journal.append(step('a.jpg', set('y'))).then(() => (isSaved = true));
    await vi.waitFor(() => expect(sync).toHaveBeenCalledTimes(1));
    await new Promise((resolve) => setImmediate(resolve)); // by then, it would have gone on to close the file
    expect(close).not.toHaveBeenCalled();
    expect([isSaved, journal.decisions.get('a.jpg')!.revision]).toEqual([false, 1]);
    expect((await readFile(journal.path, 'utf8')).split('\n')).toHaveLength(3); // it is written, and may be lost yet
    confirm();
    await saving;
    expect(journal.decisions.get('a.jpg')!.revision).toBe(2);
  });

  it('with the others that came meanwhile: the disk is asked at most once in 100 ms', async () => {
    const folder = await temporaryFolder();
    await using journal = await ReviewJournal.open(folder);
    await journal.append(step('a.jpg', set('x')));
    const times: number[] = [];
    const prototype = await prototypeOf(journal.path);
    const sync = vi.spyOn(prototype, 'datasync').mockImplementation(async () => {
      times.push(performance.now());
      await sleep(1);
    });
    const saving: Promise<unknown>[] = [];
    for (let i = 0; i < 40; i++) {
      saving.push(journal.append(step('a.jpg', set(`b${i}`))));
      await sleep(10);
    }
    await Promise.all(saving);
    const gaps = times.slice(1).map((time, i) => time - times[i]!);
    expect(times.length).toBeGreaterThan(1);
    expect(sync.mock.calls.length).toBeLessThan(40);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(99); // timers round down
  });
});

/** What all open files share. */
async function prototypeOf(path: string): Promise<FileHandle> {
  await using file = await open(path);
  return Object.getPrototypeOf(file) as FileHandle;
}
