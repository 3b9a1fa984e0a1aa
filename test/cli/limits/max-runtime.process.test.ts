import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, journalled, manyScenes, preannotate, viewsOf } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

const COPIES = 30; // of each scene: several seconds of work

describe('a run with --max-runtime', () => {
  it('stops with code 75 and views of what is there, and the same command continues', async () => {
    const folder = await temporaryFolder();
    const images = await manyScenes(join(folder, 'images'), COPIES);
    const run = (out: string, ...more: string[]) =>
      preannotate(['run', join(folder, 'images'), ...EMOJI, '--out', join(folder, out), ...more]);
    const manifestOf = async (out: string) =>
      JSON.parse(await readFile(join(folder, out, 'run.json'), 'utf8')) as { status: string; stopped_by?: string };

    const stopped = await run('out', '--max-runtime', '2.5s');
    expect(stopped.code, stopped.stderr).toBe(75);
    expect(stopped.stdout).toContain('Stopped by --max-runtime: the same command continues with the rest.');
    expect(await manifestOf('out')).toMatchObject({ status: 'interrupted', stopped_by: 'max_runtime' });
    const done = await journalled(join(folder, 'out'));
    expect(done.length).toBeLessThan(images);
    const coco = JSON.parse(await readFile(join(folder, 'out/coco/instances.json'), 'utf8')) as { images: unknown[] };
    expect(coco.images).toHaveLength(done.length);

    const continued = await run('out', '--max-runtime', '1h');
    expect(continued.code, continued.stderr).toBe(0);
    expect(await manifestOf('out')).not.toHaveProperty('stopped_by');
    expect((await run('whole')).code).toBe(0);
    expect(await viewsOf(join(folder, 'out'))).toEqual(await viewsOf(join(folder, 'whole')));
  });

  it('is refused where the time is too short for anything', async () => {
    const folder = await temporaryFolder();
    await manyScenes(join(folder, 'images'), 1);
    const { code, stderr } = await preannotate([
      'run',
      join(folder, 'images'),
      ...EMOJI,
      '--out',
      join(folder, 'out'),
      '--max-runtime',
      '0.01s',
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('must be a time of at least 1 s, such as 30s, 5m or 1h');
  });
});
