import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES, viewsOf } from '../../support/cli.js';
import { etagOf, startImageServer, type Fault } from '../../support/servers/image-server.js';
import { temporaryFolder } from '../../support/temporary.js';
import { boxesOf, imagesOf, textsIn } from './outputs.js';

const NAMES = ['scene-01.jpg', 'scene-10.png', 'scene-19.webp'];
const SECRET = 'hunter2';

describe('a run over a list of URLs', () => {
  it('finds the boxes of the same files in a folder, and stores no query and no password', async () => {
    using server = await startImageServer();
    const folder = await temporaryFolder();
    const [local, out] = [join(folder, 'local'), join(folder, 'out')];
    await mkdir(join(folder, 'photos'));
    for (const name of NAMES) await copyFile(join(SCENES, name), join(folder, 'photos', name));
    await preannotate(['run', join(folder, 'photos'), ...EMOJI, '-o', local]);
    const host = server.origin.replace('http://', `http://user:${SECRET}@`);
    const list = ['\ufeff# the photos', '', ...NAMES.map((name) => `${host}/a%20b/${name}?token=${SECRET}#part`), ''];
    await writeFile(join(folder, 'urls.txt'), list.join('\r\n'));
    const args = ['run', `@${join(folder, 'urls.txt')}`, '--allow-private', ...EMOJI, '-o', out, '--preview'];
    const { code, stdout, stderr } = await preannotate([...args, '--verbose']);
    expect(stderr).not.toContain('Error');
    expect(code).toBe(0);
    expect(await boxesOf(out)).toEqual(await boxesOf(local));
    const [first] = await imagesOf(out);
    expect(first!.file_name).toMatch(new RegExp(`^${server.host}/a b/scene-01~[0-9a-f]{12}\\.jpg$`));
    const bytes = await readFile(join(SCENES, 'scene-01.jpg'));
    const record = JSON.parse((await readFile(join(out, 'detections.jsonl'), 'utf8')).split('\n').sort()[1]!) as object;
    expect(record).toMatchObject({ etag: etagOf(bytes), size_bytes: bytes.length, modified_ms: Date.UTC(2024, 0, 1) });
    expect(record).not.toHaveProperty('url');
    const again = await preannotate([...args, '--json']);
    expect(again.stdout).toContain('"resumed": 3');
    const fetched = server.seen.length;
    const dryRun = await preannotate([...args, '--dry-run', '--restart']);
    expect(dryRun.stdout).toContain('scene-10~');
    expect(server.seen).toHaveLength(fetched);
    const authorization = `Basic ${Buffer.from(`user:${SECRET}`).toString('base64')}`;
    expect(new Set(server.seen.map(({ headers }) => headers.authorization))).toEqual(new Set([authorization]));
    for (const text of [
      stdout,
      stderr,
      again.stdout,
      again.stderr,
      dryRun.stdout,
      dryRun.stderr,
      ...(await textsIn(out)),
    ])
      expect(text.includes(SECRET)).toBe(false);
  });

  it('ends as without faults, once they are over', async () => {
    const status = (code: number): Fault => always((response) => response.writeHead(code).end());
    using server = await startImageServer({
      '/scene-01.jpg': status(404),
      '/scene-02.jpg': status(403),
      '/scene-10.png': always((response) => response.setHeader('content-type', 'text/html').end('<p>no</p>')),
      '/scene-19.webp': always((response) => response.end('not an image')),
    });
    const folder = await temporaryFolder();
    const names = ['scene-01.jpg', 'scene-02.jpg', ...NAMES.slice(1), 'scene-03.jpg', 'scene-04.jpg'];
    await writeFile(join(folder, 'urls.txt'), names.map((name) => `${server.origin}/${name}\n`).join(''));
    const list = ['run', `@${join(folder, 'urls.txt')}`, '--allow-private', ...EMOJI];
    const out = join(folder, 'out');
    const first = await preannotate([...list, '-o', out]);
    expect(first.code).toBe(3);
    const errors = (await readFile(join(out, 'errors.jsonl'), 'utf8')).trim().split('\n');
    const failed = errors.map((line) => JSON.parse(line) as { image: string; code: string });
    expect(failed.map(({ image, code }) => [image.replace(`${server.host}/`, ''), code])).toEqual([
      ['scene-01.jpg', 'URL_FETCH_FAILED'],
      ['scene-02.jpg', 'URL_FETCH_FAILED'],
      ['scene-10.png', 'URL_FETCH_FAILED'],
      ['scene-19.webp', 'IMAGE_UNSUPPORTED'],
    ]);
    server.faults = {};
    server.requests.clear();
    expect((await preannotate([...list, '-o', out])).code).toBe(0);
    expect([...server.requests.keys()].sort()).toEqual(names.slice(0, 4).map((name) => `/${name}`));
    await preannotate([...list, '-o', join(folder, 'clean')]);
    expect(await viewsOf(out)).toEqual(await viewsOf(join(folder, 'clean')));
  });

  it('leaves out what was removed from the list, if it is not too much', async () => {
    using server = await startImageServer();
    const folder = await temporaryFolder();
    const file = join(folder, 'urls.txt');
    const urls = ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg'].map((name) => `${server.origin}/${name}`);
    const args = ['run', `@${file}`, '--allow-private', ...EMOJI, '-o', join(folder, 'out')];
    await writeFile(file, [...urls, urls[0], `${urls[1]}#again`].join('\n'));
    const first = await preannotate(args);
    expect(first.stderr).toContain('2 addresses are repeated, and counted once.');
    await writeFile(file, urls.slice(1).join('\n'));
    const refused = await preannotate(args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('were not found in the lists and buckets given'.replace('were', 'was'));
    const { code, stderr } = await preannotate([...args, '--accept-missing']);
    expect(stderr).toContain('1 annotated image is no longer found');
    expect(code).toBe(0);
    expect((await imagesOf(join(folder, 'out'))).map(({ file_name: name }) => name)).toHaveLength(2);
  });

  it('is refused with the line that is wrong, and beside folders', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'urls.txt');
    await writeFile(file, '# photos\nhttps://example.org/a.jpg\nexample.org/b.jpg?key=secret\n');
    const run = (...inputs: string[]) =>
      preannotate(['run', ...inputs, ...EMOJI, '-o', join(folder, 'out'), '--dry-run']);
    const wrong = await run(`@${file}`);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain(`${file}:3 is no http://, https:// or s3:// address: "example.org/b.jpg..."`);
    expect(wrong.stderr).not.toContain('secret');
    const mixed = await run('https://example.org/a.jpg?secret', folder);
    expect(mixed.code).toBe(2);
    expect(mixed.stderr).toContain(`${folder} is a file or folder, and other inputs are addresses`);
    const missing = await run('@nowhere.txt');
    expect(missing).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no file nowhere.txt.') as string,
    });
    const watched = await run(`@${file}`, '--watch');
    expect(watched).toMatchObject({ code: 2, stderr: expect.stringContaining('--watch looks at folders') as string });
    const unmarked = await run(file);
    expect(unmarked).toMatchObject({ code: 2, stderr: expect.stringContaining(`write @${file}.`) as string });
    const slash = await run('s3:/photos');
    expect(slash).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean s3://photos?') as string });
    const empty = join(folder, 'empty.txt');
    await writeFile(empty, '# nothing yet\n');
    const none = await run(`@${empty}`);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining(`@${empty}: the list has no`) as string });
    expect((await run(`@${empty}`, 'https://example.org/a.jpg')).stdout).toContain('the list has no addresses.');
    const piped = await preannotate(['run', '@-', ...EMOJI, '-o', join(folder, 'out'), '--dry-run'], {
      prefix: ['sh', '-c', `sed -n 2p '${file}' | "$@"`, 'sh'],
    });
    expect(piped.stdout).toContain('  example.org/a.jpg\n');
  });
});

/** Always answers like this. */
function always(answer: (response: ServerResponse) => void): Fault {
  return (_, response) => {
    answer(response);
    return true;
  };
}
