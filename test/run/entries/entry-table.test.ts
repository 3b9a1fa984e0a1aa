import { expect, it } from 'vitest';
import { EntryTable, type JournalEntry } from '../../../src/run/entries/entry-table.js';

function entry(line: number, more: Partial<JournalEntry> = {}): JournalEntry {
  const place = { line, offset: 2 ** 40 + line, length: 100 };
  return { ...place, id: line, replaces: 0, sizeBytes: 1.5, modifiedMs: 1.7e12 + line, etag: undefined, ...more };
}

it('a table gives back what was set last, in the order in which names came first', () => {
  const map = new Map<string, JournalEntry>();
  const table = new EntryTable();
  for (let i = 0; i < 5000; i++) {
    const name = `${(i * 7919) % 3000}.jpg`;
    const more = i % 3 === 0 ? { id: undefined } : i % 5 === 0 ? { etag: `"${i}"` } : { replaces: i };
    map.set(name, entry(i, more));
    table.set(name, entry(i, more));
  }
  expect(table.size).toBe(3000);
  expect([...table]).toEqual([...map]);
  expect([...table.keys()]).toEqual([...map.keys()]);
  expect([...table.values()]).toEqual([...map.values()]);
  expect([...new EntryTable(map)]).toEqual([...map]);
  const visited: [string, JournalEntry][] = [];
  table.forEach((value, name) => visited.push([name, value]));
  expect(visited).toEqual([...map]);
});

it('a name that is not there has no entry, and is its own', () => {
  const table = new EntryTable([['a.jpg', entry(1)]]);
  expect(table.get('b.jpg')).toBeUndefined();
  expect([table.has('a.jpg'), table.has('b.jpg')]).toEqual([true, false]);
  expect(['a.jpg', 'b.jpg'].map((name) => table.own(name))).toEqual(['a.jpg', 'b.jpg']);
});
