import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/core/review/decision.js';
import { readReview } from '../../../src/run/review/read-review.js';
import { ReviewJournal } from '../../../src/run/review/review-journal.js';
import { canMount, resizeDisk, smallDisk } from '../../support/system/disk.js';
import { temporaryFolder } from '../../support/temporary.js';

describe('a process that adds decisions', () => {
  it('killed at any time has lost none that it has reported as saved', async () => {
    const folder = await temporaryFolder();
    for (const count of [1, 130, 260, 777]) {
      const program = join(import.meta.dirname, '../../support/review/append-forever.ts');
      const child = spawn(process.execPath, ['--import', 'tsx', program, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const saved: string[] = [];
      for await (const line of createInterface(child.stdout)) {
        saved.push(line);
        if (saved.length === count) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      expect(child.signalCode).toBe('SIGKILL');
      const lines = (await readFile(join(folder, 'review.jsonl'), 'utf8')).split('\n').slice(0, -1);
      const onDisk = new Set(
        lines.map((line) => {
          const { revision, image, changes } = JSON.parse(line) as {
            revision: number;
            image: string;
            changes: Change[];
          };
          const [first] = changes;
          return `${revision} ${image} ${first?.op === 'set' ? first.box.id : ''}`;
        }),
      );
      expect(saved.filter((line) => !onDisk.has(line))).toEqual([]);
      expect(await readReview(folder)).toBeDefined();
    }
  });
});

describe.skipIf(!canMount)('decisions on a full disk (needs the right to mount)', () => {
  it('are refused without a trace, and can be saved again when there is room', async () => {
    const disk = await smallDisk('64k');
    await using journal = await ReviewJournal.open(disk);
    const changes = Array.from({ length: 20 }, (_, i): Change => {
      return { op: 'set', box: { id: `b${i}`, status: 'drawn', class: 'dog', box: [1, 2, 30, 40] } };
    });
    const add = (image: string) => journal.append({ image, sha256: 'ab', changes, author: 'Ana' });
    const results = await Promise.allSettled(Array.from({ length: 3 }, (_, i) => add(`${i}.jpg`)));
    expect(results.every(({ status }) => status === 'fulfilled')).toBe(true);
    await fill(disk);
    const before = await readFile(journal.path);
    for (let n = 0; ; n++) {
      const [result] = await Promise.allSettled([add(`more-${n}.jpg`)]); // the file's last block has room for some
      if (result.status === 'fulfilled') continue;
      expect(result.reason).toMatchObject({
        code: 'WRITE_FAILED',
        message: expect.stringMatching(/review\.jsonl: the disk is full/),
        hint: expect.stringMatching(/^This change was not saved/),
      });
      break;
    }
    const saved = await readReview(disk);
    expect(saved).toEqual(journal.decisions);
    expect((await readFile(journal.path)).subarray(0, before.length)).toEqual(before);
    expect((await readFile(journal.path)).at(-1)).toBe(0x0a);
    resizeDisk(disk, '1m');
    await add('later.jpg');
    expect([...(await readReview(disk)).keys()]).toEqual([...saved.keys(), 'later.jpg']);
  });
});

async function fill(disk: string): Promise<void> {
  await using file = await open(join(disk, 'other'), 'w');
  for (const size of [1 << 12, 1]) {
    try {
      for (;;) await file.write(Buffer.alloc(size));
    } catch {
      // full
    }
  }
}
