import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { etagOf, startImageServer } from '../../support/servers/image-server.js';
import { temporaryFolder } from '../../support/temporary.js';

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
    const dryRun = await preannotate([...args, '--dry-run', '--restart']);
    expect(dryRun.stdout).toContain('scene-10~');
    expect(server.requests.get('/a%20b/scene-01.jpg')).toBe(3); // once to annotate, and for the preview of each run
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
});

/** All boxes of a COCO file, by the name of the scene. */
async function boxesOf(out: string): Promise<unknown> {
  const { annotations } = await readCoco(out);
  const names = new Map((await imagesOf(out)).map(({ id, file_name: name }) => [id, /scene-\d+/.exec(name)![0]]));
  return annotations.map(({ image_id: id, bbox, score }) => [names.get(id), bbox, score]);
}

async function imagesOf(out: string): Promise<{ id: number; file_name: string }[]> {
  return (await readCoco(out)).images;
}

interface Coco {
  images: { id: number; file_name: string }[];
  annotations: { image_id: number; bbox: number[]; score: number }[];
}

async function readCoco(out: string): Promise<Coco> {
  return JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as Coco;
}

/** Every file below a folder, and the names of all. */
async function textsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return [files.join('\n'), ...(await Promise.all(files.map((file) => readFile(file, 'latin1'))))];
}
