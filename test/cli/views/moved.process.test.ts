import { copyFile, cp, mkdir, readFile, readlink, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder } from '../../formats/readers.js';
import { EMOJI, preannotate, SCENES, viewsOf } from '../../support/cli.js';
import { copyOldRun } from '../../support/old-runs.js';
import { temporaryFolder } from '../../support/temporary.js';

const SCENE = ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg'];

/** A project folder with photos, in a folder of its own, that can be moved. */
async function makeProject(folders = ['photos']): Promise<{ folder: string; project: string }> {
  const folder = await realpath(await temporaryFolder());
  const project = join(folder, 'project');
  for (const [i, name] of folders.entries()) {
    await mkdir(join(project, name, 'sub'), { recursive: true });
    await copyFile(join(SCENES, SCENE[i]!), join(project, name, SCENE[i]!));
    await copyFile(join(SCENES, SCENE[i + 1]!), join(project, name, 'sub', SCENE[i + 1]!));
  }
  return { folder, project };
}

async function annotate(cwd: string, inputs: readonly string[], out = 'drafts') {
  const finished = await preannotate(['run', ...inputs, ...EMOJI, '--out', out], { cwd });
  expect({ code: finished.code, stderr: finished.stderr }).toMatchObject({ code: 0 });
  return finished;
}

async function exported(out: string, ...more: readonly string[]) {
  const { code, stderr } = await preannotate(['export', out, ...more]);
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringContaining('edited') as string });
  return stderr;
}

/** The images that the links of a YOLO view lead to; it fails where one leads nowhere. */
async function linkedImages(out: string): Promise<string[]> {
  const links = await filesUnder(join(out, 'yolo/images/train'));
  expect(links.length).toBeGreaterThan(0);
  return (await Promise.all(links.map((link) => realpath(link)))).sort();
}

async function rootOf(out: string): Promise<{ root: string; root_absolute: string }> {
  const { root, root_absolute } = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as Record<string, string>;
  return { root: root!, root_absolute: root_absolute! };
}

describe('an export after', () => {
  it('the project was moved links the images where they are now, and changes nothing else', async () => {
    const { folder, project } = await makeProject();
    await annotate(project, ['photos']);
    expect(await rootOf(join(project, 'drafts'))).toEqual({
      root: '../photos',
      root_absolute: join(project, 'photos'),
    });
    const moved = join(folder, 'deeper/elsewhere');
    await mkdir(join(folder, 'deeper'));
    await rename(project, moved);
    const out = join(moved, 'drafts');
    const views = await viewsOf(out);
    const expected = [join(moved, 'photos/scene-01.jpg'), join(moved, 'photos/sub/scene-02.jpg')];
    expect(await linkedImages(out)).toEqual(expected);
    expect(await exported(out)).toContain(`The images of the run are in ${join(moved, 'photos')}; they were in`);
    expect(await linkedImages(out)).toEqual(expected);
    expect(await viewsOf(out)).toEqual(views);
    expect(await rootOf(out)).toEqual({ root: '../photos', root_absolute: join(moved, 'photos') });
    expect(await exported(out)).toBe('');
  });

  it('the output folder alone was moved links the images where they were', async () => {
    const { folder, project } = await makeProject();
    await annotate(project, ['photos']);
    const out = join(folder, 'far/away/drafts');
    await mkdir(join(folder, 'far/away'), { recursive: true });
    await rename(join(project, 'drafts'), out);
    await exported(out);
    expect(await linkedImages(out)).toEqual([
      join(project, 'photos/scene-01.jpg'),
      join(project, 'photos/sub/scene-02.jpg'),
    ]);
    expect(await rootOf(out)).toEqual({ root: '../../../project/photos', root_absolute: join(project, 'photos') });
  });

  it('the output folder was moved beside other images of the same names still links its own', async () => {
    const { folder, project } = await makeProject();
    await annotate(project, ['photos']);
    const other = join(folder, 'other');
    await mkdir(join(other, 'photos/sub'), { recursive: true });
    await copyFile(join(SCENES, 'scene-05.jpg'), join(other, 'photos/scene-01.jpg'));
    await rename(join(project, 'drafts'), join(other, 'drafts'));
    await exported(join(other, 'drafts'));
    expect(await linkedImages(join(other, 'drafts'))).toContain(join(project, 'photos/scene-01.jpg'));
  });

  it('the images alone were moved is refused with the missing folder, until it is told their place', async () => {
    const { folder, project } = await makeProject();
    await annotate(project, ['photos'], 'drafts');
    const [out, now] = [join(project, 'drafts'), join(folder, 'archive/2026')];
    const link = join(out, 'yolo/images/train/scene-01.jpg');
    const text = await readlink(link);
    await mkdir(join(folder, 'archive'));
    await rename(join(project, 'photos'), now);
    const refused = await preannotate(['export', out]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain(
      `The images of this run were not found: ${join(project, 'photos')} does not exist.`,
    );
    expect(refused.stderr).toContain('--images-root <folder>');
    expect(await readlink(link)).toBe(text); // nothing was written
    const wrong = await preannotate(['export', out, '--images-root', join(folder, 'archive')]);
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toMatch(/archive holds none of the images of this run\..*it holds (sub\/)?scene-0\d\.jpg/s);
    expect((await preannotate(['export', out, '--images-root', 'nowhere'])).code).toBe(2);
    await exported(out, '--images-root', now);
    expect(await linkedImages(out)).toEqual([join(now, 'scene-01.jpg'), join(now, 'sub/scene-02.jpg')]);
    expect(await exported(out)).toBe(''); // it is remembered
    await rm(now, { recursive: true });
    await mkdir(now); // another one, without images
    expect((await preannotate(['export', out])).stderr).toContain(`${now} holds none of them`);
    await exported(out, '--images', 'none'); // which needs no images
  });

  it('the folder around images and output was renamed names it in tasks of Label Studio', async () => {
    const { project } = await makeProject();
    await annotate(project, ['photos', '--format', 'label-studio'], 'photos/drafts');
    await rename(join(project, 'photos'), join(project, 'pictures'));
    const out = join(project, 'pictures/drafts');
    await exported(out);
    const tasks = await readFile(join(out, 'label-studio/tasks.json'), 'utf8');
    const images = [...tasks.matchAll(/local-files\/\?d=([^"]*)"/g)].map(([, path]) => path);
    expect(images).toEqual(['pictures/scene-01.jpg', 'pictures/sub/scene-02.jpg']);
  });

  it('a project with several inputs was moved links all of them', async () => {
    const { folder, project } = await makeProject(['a', 'b']);
    await annotate(project, ['a', 'b/*.jpg', 'b/sub']);
    await rename(project, join(folder, 'moved'));
    await exported(join(folder, 'moved/drafts'));
    expect(await linkedImages(join(folder, 'moved/drafts'))).toEqual(
      ['a/scene-01.jpg', 'a/sub/scene-02.jpg', 'b/scene-02.jpg', 'b/sub/scene-03.jpg'].map((name) =>
        join(folder, 'moved', name),
      ),
    );
  });

  it('a project whose folders are links was moved links the images behind them', async () => {
    const { folder, project } = await makeProject();
    const [disk, store] = [join(folder, 'disk/deep/out'), join(project, 'store')];
    await mkdir(disk, { recursive: true });
    await rename(join(project, 'photos'), store);
    await symlink('store', join(project, 'photos'));
    await symlink(disk, join(project, 'drafts'));
    await annotate(project, ['photos']);
    expect(await linkedImages(join(project, 'drafts'))).toEqual([
      join(store, 'scene-01.jpg'),
      join(store, 'sub/scene-02.jpg'),
    ]);
    const moved = join(folder, 'moved');
    await rename(project, moved);
    const refused = await preannotate(['export', join(moved, 'drafts')]); // the disk did not move with it
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(`${store} does not exist`) as string });
    await exported(join(moved, 'drafts'), '--images-root', join(moved, 'photos'));
    expect(await linkedImages(disk)).toEqual(
      ['scene-01.jpg', 'sub/scene-02.jpg'].map((name) => join(moved, 'store', name)),
    );
  });

  it('a copy of the project was made links the copy’s images', async () => {
    const { folder, project } = await makeProject();
    await annotate(project, ['photos']);
    await cp(project, join(folder, 'copy'), { recursive: true, verbatimSymlinks: true });
    await exported(join(folder, 'copy/drafts'));
    expect(await linkedImages(join(folder, 'copy/drafts'))).toContain(join(folder, 'copy/photos/scene-01.jpg'));
  });

  it('a project of version 0.1.0, which stored no relative path, was moved finds the folder of that name', async () => {
    const { out, photos } = await copyOldRun('finished');
    expect(await preannotate(['export', out])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`The images of the run are in ${await realpath(photos)}`) as string,
    });
    expect(await linkedImages(out)).toContain(await realpath(join(photos, 'scene-01.jpg')));
    await rename(photos, `${photos}-2026`);
    const refused = await preannotate(['export', out]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('photos does not exist') as string });
  });
});

describe('a run in a project that was moved', () => {
  it('goes on where it was, and links the images where they are now, also where only they were moved', async () => {
    const { folder, project } = await makeProject();
    await annotate(project, ['photos']);
    const moved = join(folder, 'moved');
    await rename(project, moved);
    await copyFile(join(SCENES, 'scene-04.jpg'), join(moved, 'photos/scene-04.jpg'));
    const { stdout } = await annotate(moved, ['photos']);
    expect(stdout).toContain('2 of them by earlier runs');
    expect(await linkedImages(join(moved, 'drafts'))).toHaveLength(3);
    await rename(join(moved, 'photos'), join(folder, 'photos'));
    await annotate(moved, ['../photos']);
    expect(await linkedImages(join(moved, 'drafts'))).toContain(join(folder, 'photos/scene-04.jpg'));
    expect(await rootOf(join(moved, 'drafts'))).toMatchObject({ root: '../../photos' });
  });

  it('is exported from the journal alone, without run.json', async () => {
    const { folder, project } = await makeProject();
    await annotate(project, ['photos']);
    const moved = join(folder, 'moved');
    await rename(project, moved);
    await writeFile(join(moved, 'drafts/run.json'), '{');
    const { code } = await preannotate(['export', join(moved, 'drafts')]);
    expect(code).toBe(0);
    expect(await linkedImages(join(moved, 'drafts'))).toContain(join(moved, 'photos/scene-01.jpg'));
  });
});

it('a run whose output folder is a link is one of the same images, also when all of them are replaced', async () => {
  const { folder, project } = await makeProject();
  await mkdir(join(folder, 'disk/deep/drafts'), { recursive: true });
  await symlink(join(folder, 'disk/deep/drafts'), join(project, 'drafts'));
  await annotate(project, ['photos']);
  await rename(join(project, 'photos/scene-01.jpg'), join(project, 'photos/other.jpg'));
  await rename(join(project, 'photos/sub/scene-02.jpg'), join(project, 'photos/sub/another.jpg'));
  const args = ['run', 'photos', ...EMOJI, '--out', 'drafts', '--accept-missing'];
  const { code, stderr } = await preannotate(args, { cwd: project });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(await linkedImages(join(project, 'drafts'))).toHaveLength(2);
});
