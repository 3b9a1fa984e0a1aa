import { readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEPLOY } from '../support/deploy/dockerfile.js';
import { commandFolder, readDeployFile, runShell, type Workflow } from '../support/deploy/shell-steps.js';
import { temporaryFolder } from '../support/temporary.js';

/** What an exit code of `preannotate run` does in a job; the command itself is a script that ends with it. */
async function endWith(code: number, script: string, env: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder();
  const commands = await commandFolder(join(folder, 'bin'), {
    preannotate: `exit ${code}`,
    scontrol: `echo "$@" > ${join(folder, 'scontrol')}`,
  });
  const output = join(folder, 'output');
  await writeFile(output, '');
  const ended = await runShell(script, { cwd: folder, commands, env: { ...env, GITHUB_OUTPUT: output } });
  const left = await readdir(join(folder, 'left')).catch(() => []);
  const scontrol = await readFile(join(folder, 'scontrol'), 'utf8').catch(() => '');
  return { code: ended.code, output: await readFile(output, 'utf8'), left, scontrol };
}

const NOTHING = { output: '', left: [], scontrol: '' };

/** All other exit codes are those of the job. */
async function expectOthers(script: string, env: Readonly<Record<string, string>>): Promise<void> {
  const codes = [0, 1, 2, 3, 130, 143];
  const ended = await Promise.all(codes.map((code) => endWith(code, script, env)));
  expect(ended).toEqual(codes.map((code) => ({ ...NOTHING, code })));
}

describe('a job whose time is over (exit code 75)', () => {
  const { jobs } = readDeployFile('github-workflow.yml') as Workflow;
  const github = jobs['annotate']!.steps.find(({ name }) => name === 'Annotate')!.run!;

  it('of GitHub succeeds, and has an output that keeps the merge from starting', async () => {
    const env = { PART: '2', PARTS: '4' };
    expect(await endWith(75, github, env)).toEqual({ ...NOTHING, code: 0, output: 'left-2=true\n' });
    await expectOthers(github, env);
    expect(jobs['merge']).toMatchObject({ if: expect.stringContaining("'true'") });
    const { outputs, strategy } = jobs['annotate'] as unknown as {
      outputs: Record<string, string>;
      strategy: { matrix: { part: number[] } };
    };
    expect(Object.keys(outputs)).toEqual(strategy.matrix.part.map((part) => `left-${part}`));
    for (const [name, value] of Object.entries(outputs)) expect(value).toBe(`\${{ steps.annotate.outputs.${name} }}`);
  });

  it('of GitLab succeeds, and leaves a file that keeps the merge from starting', async () => {
    const { annotate, merge } = readDeployFile('gitlab-ci.yml') as Record<'annotate' | 'merge', { script: string[] }>;
    const env = { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '4' };
    expect(await endWith(75, annotate.script.join('\n'), env)).toEqual({ ...NOTHING, code: 0, left: ['2'] });
    await expectOthers(annotate.script.join('\n'), env);
    const stopped = await endWith(1, `mkdir left && touch left/3\n${merge.script.join('\n')}`, {});
    expect(stopped).toMatchObject({ code: 0 });
    expect(await endWith(1, merge.script.join('\n'), {})).toMatchObject({ code: 1 });
  });

  it('of Slurm goes back to the queue, 24 times at most', async () => {
    const script = readFileSync(join(DEPLOY, 'slurm/annotate.sbatch'), 'utf8');
    const env = { SLURM_ARRAY_JOB_ID: '70', SLURM_ARRAY_TASK_ID: '3' };
    expect(await endWith(75, script, env)).toEqual({ ...NOTHING, code: 75, scontrol: 'requeue 70_3\n' });
    expect(await endWith(75, script, { ...env, SLURM_RESTART_COUNT: '24' })).toEqual({ ...NOTHING, code: 75 });
    await expectOthers(script, env);
  });
});
