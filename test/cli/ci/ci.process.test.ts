import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';

describe('a run in a CI job, one of whose images is damaged', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'preannotate-ci-'));
    await mkdir(join(folder, 'photos'));
    await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'photos/good.jpg'));
    await writeFile(join(folder, 'photos/bad,one.jpg'), 'no image');
    return () => rm(folder, { recursive: true });
  });
  const run = (env: Record<string, string>, ...more: string[]) =>
    preannotate(['run', 'photos', ...EMOJI, '--restart', ...more], { cwd: folder, env });
  const annotation = /^::error file=photos\/bad%2Cone\.jpg,title=preannotate%3A IMAGE_UNSUPPORTED::.+$/m;

  it('names it to GitHub Actions after a folded log, and leaves stdout to JSON', async () => {
    const { code, stdout, stderr } = await run({ GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: folder }, '--json');
    expect(code, stderr).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ counts: { failed: 1 } });
    expect(stderr).toMatch(/^::group::preannotate run\n[^]*::endgroup::\n[^]*::error /);
    expect(stderr).toMatch(annotation);
  });

  it('folds the log of GitLab, and is quiet where it is asked to be', async () => {
    const gitlab = await run({ GITLAB_CI: 'true' });
    expect(gitlab.stderr).toMatch(/section_start:\d+:preannotate_run[^]*section_end:\d+:preannotate_run/);
    expect(gitlab.stderr).not.toContain('::error');
    expect((await run({ GITHUB_ACTIONS: 'true' }, '--quiet')).stderr).toMatch(/^error: 1 of \d images failed\.\n.*\n$/);
    expect((await run({ GITHUB_ACTIONS: 'false' })).stderr).not.toContain('::');
  });

  it('writes JUnit XML with --junit, in a folder that it makes', async () => {
    const { code, stderr } = await run({}, '--junit', 'reports/preannotate.xml');
    expect(code, stderr).toBe(3);
    const xml = await readFile(join(folder, 'reports/preannotate.xml'), 'utf8');
    expect(xml).toContain('tests="1" failures="1"');
    expect(xml).toContain('<testcase classname="preannotate" name="bad,one.jpg"><failure type="IMAGE_UNSUPPORTED"');
    const whole = await run({}, '--exclude', 'bad*', '--junit', 'reports/whole.xml');
    expect(whole.code, whole.stderr).toBe(0);
    const passed = await readFile(join(folder, 'reports/whole.xml'), 'utf8');
    expect(passed).toContain('<testcase classname="preannotate" name="all images"/>');
    const refused = await run({}, '--junit', 'photos/good.jpg/a.xml');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('good.jpg')]);
  });
});
