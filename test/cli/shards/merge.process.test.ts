import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { formatLine, parseLine } from '../../../src/disk/checked-line.js';
import { EMOJI, journalled, manyScenes, preannotate, Running, untilJournalled } from '../../support/cli.js';
import { ROOT } from '../../support/model/golden.js';
import { viewFiles } from '../../support/view-files.js';

const PARTS = [1, 2, 3, 4];

/** Content and time of every file that a merge could have changed. */
async function stateOf(out: string): Promise<Record<string, string>> {
  const state: Record<string, string> = {};
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const isRecord = path.includes('.preannotate/views/'); // of what was written, renewed when it is checked
    const time = isRecord ? 0 : (await stat(path)).mtimeMs;
    if (entry.isFile()) state[path] = `${time} ${await readFile(path, 'base64')}`;
  }
  return state;
}

const textOf = (path: string) => readFile(path, 'utf8');
const jsonOf = async (path: string) => JSON.parse(await textOf(path)) as Record<string, unknown>;

describe('preannotate merge', () => {
  let folder: string;
  let photos: string;
  let copies = 0;
  const run = (out: string, ...more: string[]) =>
    preannotate(['run', photos, ...EMOJI, '-o', out, '--preview=5', '--workers-per-device', '1', ...more]);

  /** An output folder that has finished parts, beside that of the single run. */
  async function withParts(...kept: number[]): Promise<string> {
    const out = join(folder, `out-${copies++}`);
    for (const part of kept)
      await cp(join(folder, 'parts/shards', `${part}-of-4`), join(out, `shards/${part}-of-4`), { recursive: true });
    return out;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'preannotate-merge-'));
    photos = join(folder, 'photos');
    await manyScenes(photos, 1);
    await writeFile(join(photos, 'broken.jpg'), 'no image');
    expect((await run(join(folder, 'single'))).code).toBe(3); // one image is broken
    const codes = await Promise.all(PARTS.map((part) => run(join(folder, 'parts'), '--shard', `${part}/4`)));
    expect(codes.map(({ code }) => code).sort()).toEqual([0, 0, 0, 3]); // in one part
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('writes what a single run writes, byte for byte, and changes nothing when it is given again', async () => {
    const [out, single] = [await withParts(...PARTS), join(folder, 'single')];
    const before = await stateOf(join(out, 'shards'));
    const { code, stdout } = await preannotate(['merge', out]);
    expect({ code, stdout }).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(
        /^4 parts merged\. \d+ boxes in 48 of 49 images \(1 failed\) with score threshold \S+: coco, yolo and preview/,
      ) as string,
    });
    expect(await viewFiles(out)).toEqual(await viewFiles(single));
    for (const file of ['errors.jsonl', 'classes.json', '.preannotate/images.jsonl'])
      expect(await textOf(join(out, file))).toBe(await textOf(join(single, file)));
    const [merged, whole] = [await jsonOf(join(out, 'run.json')), await jsonOf(join(single, 'run.json'))];
    for (const key of Object.keys(whole).filter(
      (name) => !['created', 'started', 'finished', 'timings', 'check'].includes(name),
    ))
      expect({ [key]: merged[key] }).toEqual({ [key]: whole[key] });

    const state = await stateOf(out);
    expect((await preannotate(['merge', out, '--max-errors', '1'])).code).toBe(0);
    expect(await stateOf(out)).toEqual(state);
    expect(await stateOf(join(out, 'shards'))).toEqual(before);
  });

  it('leaves a folder that export and run go on with', async () => {
    const out = await withParts(...PARTS);
    await preannotate(['merge', out]);
    const views = await viewFiles(out);
    const exported = await preannotate(['export', out, '--json']);
    expect(JSON.parse(exported.stdout)).toMatchObject({ images: 48, found: 49, failed: 1, status: 'done' });
    const resumed = await run(out, '--json');
    expect(JSON.parse(resumed.stdout)).toMatchObject({ counts: { annotated: 48, resumed: 48, failed: 1 } });
    expect(await viewFiles(out)).toEqual(views);
  });

  it('takes thresholds, formats and previews as export does, and prints JSON', async () => {
    const out = await withParts(...PARTS);
    const args = ['merge', out, '--score-threshold', '0.9', '--format', 'coco', '--preview=2', '--json'];
    const { stdout } = await preannotate(args);
    expect(JSON.parse(stdout)).toMatchObject({
      parts: 4,
      images: 48,
      formats: ['coco'],
      selection: { score_threshold: 0.9 },
    });
    expect((await readdir(out)).sort()).not.toContain('yolo');
    expect(await jsonOf(join(out, 'run.json'))).toMatchObject({ formats: ['coco'], counts: { previews: 2 } });
    expect((await preannotate(['merge', out, '--score-threshold', '0.01'])).stderr).toMatch(/score_floor of 0.05/);
  });

  it('names everything that is missing, unfinished or damaged at once, and writes nothing', async () => {
    const out = await withParts(1, 3);
    const second = new Running(['run', photos, ...EMOJI, '-o', out, '--shard', '2/4', '--workers-per-device', '1']);
    const finished = second.finished();
    await untilJournalled(join(out, 'shards/2-of-4'), 1);
    second.child.kill('SIGSTOP');
    const locked = await preannotate(['merge', out]);
    expect(locked).toMatchObject({ code: 2, stderr: expect.stringMatching(/2-of-4: Another run is using/) as string });
    second.child.kill('SIGKILL');
    await finished;
    const journal = join(out, 'shards/3-of-4/detections.jsonl');
    await writeFile(journal, (await textOf(journal)).replace('"score":0.', '"score":1.'));

    const { code, stderr } = await preannotate(['merge', out]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/2-of-4: part 2 of 4 is not finished: \d+ of \d+ images are left\.$/m);
    expect(stderr).toMatch(/3-of-4: .*detections\.jsonl:\d+: this line was changed/);
    expect(stderr).toMatch(/^Part 4 of 4 is missing\.$/m);
    for (const part of [2, 4]) expect(stderr).toContain(`with --shard ${part}/4`);
    expect(await readdir(out)).toEqual(['shards']);
    const early = await preannotate(['export', out]);
    expect(early).toMatchObject({ code: 2, stderr: expect.stringMatching(/parts of a run.*merge/s) as string });

    await rm(join(out, 'shards/3-of-4'), { recursive: true });
    for (const part of [3, 4]) await run(out, '--shard', `${part}/4`);
    expect((await run(out, '--shard', '2/4', '--retry-failed')).code).toBe(0); // it tries nothing else
    expect((await preannotate(['merge', out])).stderr).toMatch(/part 2 of 4 is not finished: \d+ of \d+ images/);
    expect((await run(out, '--shard', '2/4')).code).not.toBe(2); // it goes on
    expect((await preannotate(['merge', out])).code).toBe(3);
    expect(await viewFiles(out)).toEqual(await viewFiles(join(folder, 'single')));
  });

  it('refuses to write the whole run into a part, or a run of its own into itself, and leaves both alone', async () => {
    const [out, single] = [await withParts(...PARTS), join(folder, 'single')];
    const before = [await stateOf(out), await stateOf(single)];
    const part = join(out, 'shards/1-of-4');
    for (const args of [[part], [out, '-o', part], [part, join(out, 'shards/2-of-4'), '-o', part]]) {
      const { code, stderr } = await preannotate(['merge', ...args]);
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/1-of-4 is part 1 of 4: the whole run .*Give the folder above.* -o/s) as string,
      });
    }
    const { code, stderr } = await preannotate(['merge', single]);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /single is a whole run: it has no parts in shards\/.*export .*single` ?/s,
      ) as string,
    });
    expect([await stateOf(out), await stateOf(single)]).toEqual(before);
  });

  it('uses a part once that is there twice with the same results, and refuses other results by name', async () => {
    const [one, other] = [await withParts(1, 2, 3), await withParts(3, 4)];
    const merge = () => preannotate(['merge', one, other, '-o', join(folder, 'twice')]);
    const { code, stderr } = await merge();
    expect(code).toBe(3);
    expect(stderr).toMatch(/Part 3 of 4 is there twice with the same results, in .*3-of-4 and .*3-of-4: the first/);
    expect(await viewFiles(join(folder, 'twice'))).toEqual(await viewFiles(join(folder, 'single')));

    const path = join(other, 'shards/3-of-4/detections.jsonl');
    const lines = (await textOf(path)).trimEnd().split('\n');
    const record = parseLine(lines[2]!) as { image: string; width: number };
    lines[2] = formatLine({ ...record, width: record.width + 1 }).trimEnd();
    await writeFile(path, `${lines.join('\n')}\n`);
    const refused = await merge();
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(new RegExp(`are both part 3 of 4, with other results for ${record.image}\\.`));
    expect((await preannotate(['merge', one, other])).stderr).toContain('-o');
  });

  it('refuses parts of another ontology, number, option or set of images, and names the difference', async () => {
    const out = await withParts(1, 2, 4);
    const image = join(photos, 'later.png');
    const third = ['run', photos, '--model', 'builtin:emoji', '-o', out, '--shard', '3/4'];
    expect((await preannotate([...third, '--class', 'dog=a dog'])).code).not.toBe(2);
    expect((await run(out, '--shard', '1/2')).code).not.toBe(2);
    const { code, stderr } = await preannotate(['merge', out]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /3-of-4: part 3 of 4 is of another run than part 1 of 4: number of classes is 1 in part 3, 87 in part 1\./,
    );
    expect(stderr).toMatch(/1-of-2 is part 1 of 2; of 4 there are 1, 2, 3, 4\./);
    const command = `preannotate merge ${join(out, 'shards')}/*-of-4 -o ${out}`;
    expect(stderr).toContain(`Give the parts of one number only: ${command}`);
    const inShell = command.replace('preannotate', `node ${join(ROOT, 'bin/preannotate.js')}`);
    const named = spawnSync('sh', ['-c', inShell], { encoding: 'utf8' });
    expect(named.stderr).toContain('3-of-4: part 3 of 4 is of another run');
    expect(named.stderr).not.toContain('of one number only');
    expect(stderr).not.toContain('missing');

    await rm(join(out, 'shards/1-of-2'), { recursive: true });
    await rm(join(out, 'shards/3-of-4'), { recursive: true });
    await cp(join(photos, 'copy-0/scene-01.jpg'), image);
    onTestFinished(() => rm(image, { force: true }));
    await run(out, '--shard', '3/4', '--nms-iou', '0.7');
    expect((await preannotate(['merge', out])).stderr).toMatch(
      /part 3 of 4 .*: nms_iou is 0.7 in part 3, "auto" in part 1/,
    );
    await run(out, '--shard', '3/4');
    const grown = await preannotate(['merge', out]);
    expect(grown.stderr).toMatch(/found is 50 in part 3, 49 in part 1 \(later\.png is in part 3 only\)\./);
    // One deleted since is still in the list of part 3, and names no difference.
    const last = join(photos, 'last.png');
    await rename(image, last);
    onTestFinished(() => rm(last));
    await run(out, '--shard', '3/4');
    const unknown = await preannotate(['merge', out]);
    expect(unknown.stderr).toMatch(/part 3 .*found is 50 in part 3, 49 in part 1\./);
    await run(out, '--shard', '4/4');
    const known = await preannotate(['merge', out]);
    expect(known.stderr).toMatch(/part 3 .*49 in part 1 \(last\.png is in part 3 only\)\./);
  });

  it('takes parts of several machines, whose images are in other folders, where the folder here is named', async () => {
    const there = join(folder, 'photos-there');
    const [here, away] = [await withParts(1, 2, 3), join(folder, 'away')];
    await rename(photos, there);
    await preannotate(['run', there, ...EMOJI, '-o', away, '--preview=5', '--shard', '4/4']);
    await rename(there, photos);
    const args = ['merge', here, join(away, 'shards/4-of-4'), '-o', join(folder, 'machines')];
    const refused = await preannotate(args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/images is ".*photos-there" in part 4, ".*photos" in part 1.*--images-root/s);
    expect((await preannotate([...args, '--images-root', photos])).code).toBe(3);
    expect(await viewFiles(join(folder, 'machines'))).toEqual(await viewFiles(join(folder, 'single')));
  });

  it('that is killed is finished by the same command', async () => {
    const out = await withParts(...PARTS);
    const merging = new Running(['merge', out]);
    const finished = merging.finished();
    await untilJournalled(out, 1);
    merging.child.kill('SIGKILL');
    await finished;
    expect((await preannotate(['merge', out])).code).toBe(3);
    expect(await viewFiles(out)).toEqual(await viewFiles(join(folder, 'single')));
    expect(await journalled(out)).toHaveLength(48);
  });

  it('keeps the numbers of images, and files that were edited, when the parts have got more images', async () => {
    const out = await withParts(...PARTS);
    await preannotate(['merge', out]);
    const label = join(out, 'yolo/labels/train/copy-0/scene-02.txt');
    await writeFile(label, '0 0.5 0.5 0.1 0.1\n');
    const numbers = await textOf(join(out, '.preannotate/images.jsonl'));
    const added = join(photos, 'a-first.png');
    await cp(join(photos, 'copy-0/scene-01.jpg'), added);
    onTestFinished(() => rm(added));
    for (const part of PARTS) await run(out, '--shard', `${part}/4`);
    const { stderr } = await preannotate(['merge', out, '--max-errors', '1']);
    expect(stderr).toContain('scene-02.txt');
    expect(await textOf(label)).toBe('0 0.5 0.5 0.1 0.1\n');
    const list = await textOf(join(out, '.preannotate/images.jsonl'));
    expect(list.split('\n').slice(1)).toEqual([
      ...numbers.split('\n').slice(1, -1),
      formatLine({ image: 'a-first.png', id: 50 }).trimEnd(),
      '',
    ]);
  });
});
