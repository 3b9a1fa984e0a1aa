import { ReviewJournal } from '../../../src/run/review/review-journal.js';

/** Adds decisions to the review of a folder until it is killed, and prints the revision of each that is saved. */
await using journal = await ReviewJournal.open(process.argv[2]!);
const addAll = async (image: string) => {
  for (let n = 0; ; n++) {
    const box = { id: `b${n}`, status: 'drawn', class: 'dog', box: [1, 2, 30, 40] } as const;
    const changes = [{ op: 'set', box } as const, ...(n > 20 ? [{ op: 'forget', id: `b${n - 20}` } as const] : [])];
    const { revision } = await journal.append({ image, sha256: 'ab', changes, author: 'Ana' });
    process.stdout.write(`${revision} ${image} ${box.id}\n`);
  }
};
await Promise.all(Array.from({ length: 50 }, (_, i) => addAll(`${i}.jpg`)));
