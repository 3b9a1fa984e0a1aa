import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, journalled, manyScenes, preannotate, SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

/** The shard that a dry run reports, or what it refuses. */
async function planned(option: string, env: Record<string, string>) {
  const out = join(await temporaryFolder(), 'out');
  const args = ['run', SCENES, ...EMOJI, '-o', out, '--shard', option, '--dry-run', '--json'];
  const { code, stdout, stderr } = await preannotate(args, { env });
  if (code !== 0) return { code, stderr };
  const plan = JSON.parse(stdout) as { shard: object; out: string; found: number; pending: string[] };
  return { code, shard: plan.shard, out: plan.out.slice(out.length), share: [plan.pending.length, plan.found] };
}

describe('run --shard auto', () => {
  it.each<[what: string, env: Record<string, string>, option: string, index: number, count: number]>([
    [
      'Slurm',
      {
        SLURM_ARRAY_TASK_ID: '15',
        SLURM_ARRAY_TASK_MIN: '5',
        SLURM_ARRAY_TASK_MAX: '20',
        SLURM_ARRAY_TASK_STEP: '5',
        SLURM_ARRAY_TASK_COUNT: '4',
      },
      'auto',
      3,
      4,
    ],
    ['AWS Batch', { AWS_BATCH_JOB_ARRAY_INDEX: '0', AWS_BATCH_JOB_ARRAY_SIZE: '4' }, 'auto', 1, 4],
    ['Kubernetes', { JOB_COMPLETION_INDEX: '1' }, 'auto/4', 2, 4],
    ['GitLab', { CI_NODE_INDEX: '4', CI_NODE_TOTAL: '4' }, 'auto', 4, 4],
  ])('takes the part from the environment of %s', async (_, env, option, index, count) => {
    const plan = await planned(option, env);
    expect(plan).toMatchObject({ code: 0, shard: { index, count }, out: `/shards/${index}-of-${count}` });
    expect(plan.share![0]).toBeLessThan(plan.share![1]! / 2);
  });

  it('ends with 2 where no scheduler is there, and where parts are counted wrongly', async () => {
    expect(await planned('auto', {})).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--shard i\/n/) as string,
    });
    for (const option of ['0/4', '5/4', 'a/b']) {
      const wrong = expect.stringMatching(new RegExp(`^error: --shard must be .*from 1 to n.*"${option}"`)) as string;
      expect(await planned(option, {})).toMatchObject({ code: 2, stderr: wrong });
    }
  });

  it('is pointed out to a run without it', async () => {
    const args = ['run', SCENES, ...EMOJI, '-o', join(await temporaryFolder(), 'out'), '--dry-run'];
    const { code, stdout } = await preannotate(args, { env: { CI_NODE_INDEX: '4', CI_NODE_TOTAL: '4' } });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/--shard auto/) as string });
    expect(stdout.match(/--shard/g)).toHaveLength(1);
  });
});

describe('run --shard', () => {
  it('keeps journal, errors and run.json of its part in <out>/shards, resumes there, and writes no views', async () => {
    const photos = join(await temporaryFolder(), 'photos');
    const total = await manyScenes(photos, 1);
    const out = join(photos, 'drafts'); // among the images
    const run = (...more: string[]) => preannotate(['run', photos, ...EMOJI, '-o', out, '--preview', ...more]);
    const first = await run('--shard', '1/3');
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/Results of part 1 of 3: .*drafts\/shards\/1-of-3\n/);
    expect(first.stdout).toMatch(/all 3 parts are done.*annotation files and previews: .*preannotate merge .*drafts\n/);
    expect((await run('--shard', '2/3')).code).toBe(0);

    const part = join(out, 'shards/1-of-3');
    expect((await readdir(part)).sort()).toEqual(['.preannotate', 'detections.jsonl', 'errors.jsonl', 'run.json']);
    expect(await readdir(out)).toEqual(['shards']);
    const manifest = JSON.parse(await readFile(join(out, 'shards/2-of-3/run.json'), 'utf8')) as object;
    expect(manifest).toMatchObject({
      status: 'done',
      choice: { shard: { index: 2, count: 3 } },
      counts: { found: total, skipped: 0 }, // the part that was there is not looked into
    });

    const journal = await readFile(join(part, 'detections.jsonl'));
    const again = await run('--shard', '1/3', '--json');
    const images = (await journalled(part)).length;
    expect(JSON.parse(again.stdout)).toMatchObject({ counts: { annotated: images, resumed: images } });
    expect(await readFile(join(part, 'detections.jsonl'))).toEqual(journal);

    const refused = await run('--dry-run');
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/--shard as in 1\/3.*merge/) as string });
    const retry = await run('--shard', '3/3', '--retry-failed');
    expect(retry).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no earlier run in') as string });
    const whole = await run('--dry-run', '--restart');
    expect(whole.stdout).toContain(`${total} images found`);
    expect(whole.stdout).toMatch(/shards has results of runs with --shard.*preannotate merge/);
  });

  it('of which no image is ends with 0 and an empty journal', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'photos'));
    await manyScenes(join(folder, 'photos'), 1);
    const args = ['run', join(folder, 'photos'), ...EMOJI, '-o', join(folder, 'out'), '--limit', '1', '--json'];
    const counts: number[] = [];
    for (const shard of ['1/2', '2/2']) {
      const { code, stdout } = await preannotate([...args, '--shard', shard]);
      expect(code).toBe(0);
      counts.push((JSON.parse(stdout) as { counts: { annotated: number } }).counts.annotated);
    }
    expect(counts.sort()).toEqual([0, 1]);
  });
});
