import { execFileSync } from 'node:child_process';
import { cp, readdir, readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { journalled, preannotate, SCENES } from '../support/cli.js';
import { containersOf, readKubernetes } from '../support/deploy/command-lines.js';
import { DEPLOY } from '../support/deploy/dockerfile.js';
import { commandFolder, readDeployFile, runShell } from '../support/deploy/shell-steps.js';
import { ROOT } from '../support/model/golden.js';
import { temporaryFolder } from '../support/temporary.js';

const IMAGES = 12;
const EMOJI = { PREANNOTATE_MODEL: 'builtin:emoji' };

/** A folder with photos and an ontology, as the files expect it. */
async function project(): Promise<string> {
  const folder = await temporaryFolder();
  const scenes = (await readdir(SCENES)).filter((name) => /^scene-.*\.jpg$/.test(name));
  for (const name of scenes.slice(0, IMAGES)) await cp(join(SCENES, name), join(folder, 'photos', name));
  await cp(join(ROOT, 'ontologies/emoji.yaml'), join(folder, 'bottles.yaml'));
  return folder;
}

/** All images in one run, and everything that the files write of it. */
async function expectMerged(folder: string, files: readonly string[]): Promise<void> {
  expect(await journalled(join(folder, 'drafts'))).toHaveLength(IMAGES);
  expect(await readdir(join(folder, 'drafts'))).toEqual(expect.arrayContaining(['coco', 'yolo']));
  for (const file of files) expect(await readFile(join(folder, file), 'utf8')).not.toBe('');
}

describe('fixtures/deploy/slurm', () => {
  const scripts = ['annotate.sbatch', 'merge.sbatch'].map((name) => join(DEPLOY, 'slurm', name));

  it.each(scripts)('%s is a script that Bash reads, with options for sbatch before its first command', (script) => {
    execFileSync('bash', ['-n', script]);
    const [options = '', commands = ''] = readFileSync(script, 'utf8').split(/^set /m);
    expect(options).toMatch(/^#SBATCH --time=/m);
    expect(options).not.toMatch(/^[^#\n]/m);
    expect(commands).not.toContain('#SBATCH');
  });

  it.skipIf(!hasShellcheck())('has nothing that ShellCheck reports (needs shellcheck)', () => {
    execFileSync('shellcheck', scripts, { encoding: 'utf8' });
  });

  it('annotates the parts of an array, and merges them', async () => {
    const folder = await project();
    const commands = await commandFolder(join(folder, 'bin'));
    const array = { SLURM_ARRAY_JOB_ID: '70', SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_MAX: '2' };
    for (const task of ['1', '2']) {
      const tasks = { ...array, SLURM_ARRAY_TASK_COUNT: '2', SLURM_ARRAY_TASK_STEP: '1', SLURM_ARRAY_TASK_ID: task };
      const script = readFileSync(scripts[0]!, 'utf8');
      const { code, stderr } = await runShell(script, { cwd: folder, commands, env: { ...EMOJI, ...tasks } });
      expect(code, stderr).toBe(0);
    }
    const merged = await runShell(readFileSync(scripts[1]!, 'utf8'), { cwd: folder, commands });
    expect(merged.code, merged.stderr).toBe(0);
    await expectMerged(folder, ['drafts/cvat/annotations.xml', 'drafts/report.html']);
  });
});

function hasShellcheck(): boolean {
  try {
    execFileSync('shellcheck', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('fixtures/deploy/gitlab-ci.yml', () => {
  it('annotates the parts of parallel jobs, reports failed images, and merges the parts', async () => {
    const folder = await project();
    const commands = await commandFolder(join(folder, 'bin'));
    const { annotate, merge } = readDeployFile('gitlab-ci.yml') as Record<'annotate' | 'merge', { script: string[] }>;
    for (const index of ['1', '2']) {
      const env = { ...EMOJI, GITLAB_CI: 'true', CI_NODE_INDEX: index, CI_NODE_TOTAL: '2' };
      const { code, stderr } = await runShell(annotate.script.join('\n'), { cwd: folder, commands, env });
      expect(code, stderr).toBe(0);
      expect(await readFile(join(folder, 'junit.xml'), 'utf8')).toContain('failures="0"');
    }
    const merged = await runShell(merge.script.join('\n'), { cwd: folder, commands });
    expect(merged.code, merged.stderr).toBe(0);
    await expectMerged(folder, ['drafts/cvat/annotations.xml', 'report.html']);
  });
});

describe('fixtures/deploy/kubernetes', () => {
  it('annotates the parts of an Indexed Job, and merges them in another', async () => {
    const folder = await project();
    const [job] = readKubernetes('annotate.yaml');
    const [container] = containersOf(job!);
    expect(container!.args).toContain(`--shard=auto/${job!.spec.completions}`);
    const call = async (args: readonly string[], index?: number) => {
      const env = { ...EMOJI, ...(index === undefined ? {} : { JOB_COMPLETION_INDEX: String(index) }) };
      const { code, stderr } = await preannotate(
        args.map((arg) => arg.replace('/data', folder).replace('auto/8', 'auto/2')),
        { cwd: folder, env },
      );
      expect(code, stderr).toBe(0);
    };
    for (const index of [0, 1]) await call(container!.args, index);
    for (const { args } of containersOf(readKubernetes('merge.yaml')[0]!)) await call(args);
    await expectMerged(folder, ['drafts/report.html']);
  });
});
