import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

describe('an export with a threshold below the score floor of the run', () => {
  it('is refused as a run is, wherever the threshold is set, and writes nothing', async () => {
    const folder = await temporaryFolder();
    const out = join(folder, 'out');
    const scene = join(SCENES, 'scene-02.jpg');
    const run = ['run', scene, ...EMOJI, '--out', out, '--score-floor', '0.2', '--score-threshold', '0.3'];
    expect((await preannotate(run)).code).toBe(0);
    const before = await readFile(join(out, 'coco/instances.json'), 'utf8');
    await writeFile(join(folder, 'low.yaml'), 'score_threshold: 0.1\n');
    const refused = async (args: string[], env: NodeJS.ProcessEnv = {}) => {
      const { code, stderr } = await preannotate(args, { env });
      expect(await readFile(join(out, 'coco/instances.json'), 'utf8')).toBe(before);
      return { code, first: stderr.split('\n')[0] };
    };
    const because = 'is 0.1, but nothing is stored below the score_floor of 0.2.';
    const expected = { code: 2, first: expect.stringContaining(`--score-threshold ${because}`) as string };
    expect(await refused([...run.slice(0, -1), '0.1'])).toEqual(expected);
    expect(await refused(['export', out, '--score-threshold', '0.1'])).toEqual(expected);
    expect(await refused(['export', out], { PREANNOTATE_SCORE_THRESHOLD: '0.1' })).toEqual({
      code: 2,
      first: expect.stringContaining(`PREANNOTATE_SCORE_THRESHOLD ${because}`) as string,
    });
    expect(await refused(['export', out, '--config', join(folder, 'low.yaml')])).toEqual({
      code: 2,
      first: expect.stringContaining(`score_threshold ${because}`) as string,
    });
    const { stderr } = await preannotate(['export', out, '--score-threshold', '0.1']);
    expect(stderr).toContain('run --restart --score-floor 0.1');
    expect((await preannotate(['export', out, '--score-threshold', '0.2'])).code).toBe(0);
  });
});
