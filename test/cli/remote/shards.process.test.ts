import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EMOJI, preannotate, viewsOf } from '../../support/cli.js';
import { startImageServer } from '../../support/servers/image-server.js';
import { temporaryFolder } from '../../support/temporary.js';
import { textsIn } from './outputs.js';

const NAMES = ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg', 'scene-10.png', 'scene-19.webp'];
const SECRET = 'hunter2';

it('the parts of a list make the files of one run, and failed images are tried again alone', async () => {
  using server = await startImageServer({
    '/scene-02.jpg': (_, response) => {
      response.writeHead(404).end();
      return true;
    },
  });
  const folder = await temporaryFolder();
  const list = join(folder, 'urls.txt');
  const lines = NAMES.map((name, i) => `${server.origin}/${name}${i === 0 ? `?token=${SECRET}` : ''}\n`);
  await writeFile(list, lines.join(''));
  const [whole, shared] = [join(folder, 'whole'), join(folder, 'shared')];
  const run = ['run', `@${list}`, '--allow-private', ...EMOJI, '--device', 'cpu', '-o'];
  const printed: string[] = [];
  const start = async (...args: string[]) => {
    const finished = await preannotate(args);
    printed.push(finished.stdout, finished.stderr);
    return finished;
  };
  const first = await Promise.all([
    start(...run, shared, '--shard', '1/2', '--json'),
    start(...run, shared, '--shard', '2/2', '--json'),
  ]);
  expect(first.map(({ code }) => code).sort()).toEqual([0, 3]); // one part has the missing image
  const incomplete = await start('merge', shared);
  expect(incomplete.stdout).toContain('in 4 of 5 images (1 failed)');
  expect(incomplete.code).toBe(3);

  server.faults = {};
  server.requests.clear();
  const part = first.findIndex(({ code }) => code === 3) + 1;
  const again = await start(...run, shared, '--shard', `${part}/2`, '--retry-failed', '--json');
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({ counts: { failed: 0, failed_before: 1 } });
  expect([...server.requests]).toEqual([['/scene-02.jpg', 1]]);

  const merged = await start('merge', shared);
  expect(merged.stdout).toContain('2 parts merged.');
  expect(merged.code).toBe(0);
  expect((await start(...run, whole)).code).toBe(0);
  expect(await viewsOf(shared)).toEqual(await viewsOf(whole));
  const resumed = await start(...run, shared, '--json', '--images', 'copy');
  expect(JSON.parse(resumed.stdout)).toMatchObject({ status: 'done', counts: { annotated: 5, resumed: 5 } });
  expect(await readFile(join(shared, 'run.json'), 'utf8')).not.toContain('"root"');
  for (const text of [...printed, ...(await textsIn(folder)).filter((text) => text !== lines.join(''))])
    expect(text.includes(SECRET)).toBe(false);
});
