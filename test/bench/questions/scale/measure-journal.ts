import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openRun } from '../../../../src/run/open-run.js';
import { Journal } from '../../../../src/run/journal.js';
import { RecordFile } from '../../../../src/run/read-journal.js';
import type { ImageRecord } from '../../../../src/run/record.js';

const TOGETHER = 16; // results that arrive together: fewer than in a run whose main process is busy

/** Writes the results of a run into another journal. @returns Seconds of CPU that writing took. */
export async function measureJournal(from: string, folder: string): Promise<number> {
  const { journal } = await openRun(from);
  const outDir = join(folder, 'journal');
  await mkdir(outDir);
  await using records = await RecordFile.open(journal.path);
  await using written = await Journal.begin(outDir, journal.header);
  let seconds = 0;
  let waiting: Omit<ImageRecord, 'replaces'>[] = [];
  const write = async () => {
    const before = process.cpuUsage();
    await written.appendAll(waiting);
    const { user, system } = process.cpuUsage(before);
    seconds += (user + system) / 1e6;
    waiting = [];
  };
  for (const entry of journal.entries.values()) {
    const { replaces: _, ...record } = await records.read(entry);
    if (waiting.push(record) === TOGETHER) await write();
  }
  await write();
  return seconds;
}
