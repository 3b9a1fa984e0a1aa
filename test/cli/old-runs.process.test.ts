import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preannotate, viewsOf } from '../support/cli.js';
import { comparable, copyOldRun, inNewLayout } from '../support/old-runs.js';

const FAILED_IMAGES = 3; // scene-00.jpg cannot be decoded

describe('an output folder of version 0.1.0', () => {
  it('that is finished keeps its views and image numbers when it is exported, and when it is resumed', async () => {
    const { out, args } = await copyOldRun('finished');
    const before = inNewLayout(await viewsOf(out));
    expect(await preannotate(['export', out])).toMatchObject({ code: 0 });
    expect(comparable(await viewsOf(out))).toEqual(before);
    expect(await preannotate(args)).toMatchObject({ code: FAILED_IMAGES });
    expect(comparable(await viewsOf(out))).toEqual(before);
  });

  it('that was killed in its first run is resumed, and has the views of a run that was not killed', async () => {
    const killed = await copyOldRun('killed');
    const whole = join(killed.out, '../whole');
    expect(await preannotate([...killed.args, '--out', whole])).toMatchObject({ code: FAILED_IMAGES });
    expect(await preannotate(killed.args)).toMatchObject({ code: FAILED_IMAGES });
    expect(await viewsOf(killed.out)).toEqual(await viewsOf(whole));
  });

  it('that was killed in its first run can be exported, and keeps the numbers assigned by that export', async () => {
    const { out, args } = await copyOldRun('killed');
    const { code, stdout } = await preannotate(['export', out]);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^2 of 5 images: the run was stop/),
    });
    const exported = await imagesOf(out);
    expect(exported.map(({ file_name: name }) => name)).toEqual(['scene-01.jpg', 'scene-02.jpg']);
    await preannotate(args);
    expect(await imagesOf(out)).toEqual(expect.arrayContaining(exported));
  });

  it('that was killed, and has lost its run.json, is refused by an export, and resumed by the same run', async () => {
    const { out, args } = await copyOldRun('killed');
    await rm(join(out, 'run.json'));
    const refused = await preannotate(['export', out]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/run\.json does not exist.*same .*run/s) });
    expect(await preannotate(args)).toMatchObject({ code: FAILED_IMAGES });
    expect(await preannotate(['export', out])).toMatchObject({ code: 0 });
  });

  it('that was edited has the edited view moved aside, whole, once, and the other one written again', async () => {
    const { out, args } = await copyOldRun('edited');
    const [label, now] = ['labels/scene-02.txt', 'labels/train/scene-02.txt'];
    const edited = await readFile(join(out, 'yolo', label), 'utf8');
    const { code, stderr } = await preannotate(args);
    expect(code).toBe(FAILED_IMAGES);
    const [, aside] = /\/yolo were edited since version 0\.1 wrote them; all of it is kept in (\S+)\./.exec(stderr)!;
    expect(await readFile(join(aside!, label), 'utf8')).toBe(edited);
    expect(stderr).not.toContain('/coco were edited');
    const drafted = await readFile(join(out, 'yolo', now), 'utf8');
    expect(drafted).not.toBe(edited);
    await writeFile(join(out, 'yolo', now), edited);
    expect((await preannotate(['export', out])).stderr).toContain(`that were edited stay as they are: ${now}.`);
    expect(await readFile(join(out, 'yolo', now), 'utf8')).toBe(edited);
  });
});

async function imagesOf(out: string): Promise<{ id: number; file_name: string }[]> {
  const coco = await readFile(join(out, 'coco/instances.json'), 'utf8');
  return (JSON.parse(coco) as { images: { id: number; file_name: string }[] }).images;
}
