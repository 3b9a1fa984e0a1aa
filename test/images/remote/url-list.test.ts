import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readList } from '../../../src/images/remote/url-list.js';
import { temporaryFolder } from '../../support/temporary.js';

async function read(line: string): Promise<string[]> {
  const file = join(await temporaryFolder(), 'urls.txt');
  await writeFile(file, `${line}\n`);
  const urls: string[] = [];
  for await (const { url } of readList(`@${file}`)) urls.push(url);
  return urls;
}

it.each(['http://h/1.jpg,cat', 's3://bucket/my photo.jpg', 'http://h/my%20photo.jpg?a=b#c'])(
  'the line %s is one address',
  async (line) => expect(await read(line)).toEqual([line]),
);

it.each([
  ['http://h/1.jpg # good', 'has more than an address, in which a space is written %20: "http://h/1.jpg # good"'],
  ['http://h/1.jpg http://h/2.jpg', '"http://h/1.jpg http://h/2.jpg"'],
  ['s3://bucket/1.jpg s3://bucket/2.jpg', 'has more than an address: "s3://bucket/1.jpg s3://bucket/2.jpg"'],
  ['htps://user:secret@h/1.jpg?secret', '"htps://h/1.jpg..."'],
  ['user:secret@h/1.jpg', '"h/1.jpg"'],
  ['http://user:secret?x@h/1.jpg b', 'is not a valid URL.'],
])('the line %s is refused with what it says', async (line, message) => {
  const refused = await read(line).catch((error: unknown) => error as Error);
  expect(refused).toMatchObject({ message: expect.stringContaining(message) as string });
  expect((refused as Error).message).toMatch(/urls\.txt:1 /);
  expect((refused as Error).message).not.toContain('secret');
});
