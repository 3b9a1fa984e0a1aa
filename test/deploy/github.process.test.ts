import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { journalled, manyScenes } from '../support/cli.js';
import { commandFolder, readDeployFile, runShell, type Workflow } from '../support/deploy/shell-steps.js';
import { ROOT } from '../support/model/golden.js';
import { temporaryFolder } from '../support/temporary.js';

const COPIES = 4; // of each scene: seconds of work for one thread
const ONE_THREAD = { PREANNOTATE_WORKERS_PER_DEVICE: '1', PREANNOTATE_THREADS: '1' };
const PARTS = 2;

const { env, jobs } = readDeployFile('github-workflow.yml') as Workflow;

/** The script of a step. */
function scriptOf(job: string, name: string): string {
  return jobs[job]!.steps.find((step) => step.name === name)!.run!;
}

/** What GitHub gives to the steps of a job. */
function variablesOf(job: string, workspace: string, part: number): Record<string, string> {
  const contexts = { '${{ matrix.part }}': String(part), '${{ strategy.job-total }}': String(PARTS) };
  const own = Object.entries(jobs[job]!.env ?? {}).map(([name, value]) => [
    name,
    Object.entries(contexts).reduce((text, [expression, known]) => text.replaceAll(expression, known), value),
  ]);
  return {
    ...env,
    ...(Object.fromEntries(own) as Record<string, string>),
    PREANNOTATE_MODEL: 'builtin:emoji',
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: workspace,
    GITHUB_OUTPUT: `${workspace}.output`,
    GITHUB_STEP_SUMMARY: `${workspace}.summary.md`,
  };
}

/** A machine with a checkout: no file has the time of another checkout. */
async function checkOut(workspace: string): Promise<number> {
  const images = await manyScenes(join(workspace, 'photos'), COPIES);
  await cp(join(ROOT, 'ontologies/emoji.yaml'), join(workspace, 'bottles.yaml'));
  await writeFile(`${workspace}.output`, '');
  await writeFile(`${workspace}.summary.md`, '');
  return images;
}

describe('the steps of fixtures/deploy/github-workflow.yml', () => {
  it('are all run here but for the installation, and have no expressions, whose values could be commands', () => {
    const scripts = Object.values(jobs).flatMap(({ steps }) => steps.filter(({ run }) => run !== undefined));
    expect(new Set(scripts.map(({ name }) => name))).toEqual(
      new Set(['Install', 'Annotate', 'Merge', 'Export', 'Compare with the corrected data set', 'Report']),
    );
    for (const { run } of scripts) expect(run).not.toContain('${{');
  });

  it('stop in time, continue from the cache on another machine, and merge, compare and report the parts', async () => {
    const folder = await temporaryFolder();
    const commands = await commandFolder(join(folder, 'bin'));
    const annotate = async (machine: string, part: number, seconds?: number) => {
      const cwd = join(folder, machine);
      const env = variablesOf('annotate', cwd, part);
      const script = scriptOf('annotate', 'Annotate');
      if (seconds === undefined) return await runShell(script, { cwd, commands, env });
      const short = script.replace('--max-runtime 50m', `--max-runtime ${seconds}s`);
      return await runShell(short, { cwd, commands, env: { ...env, ...ONE_THREAD } });
    };
    const at = (machine: string, path: string) => join(folder, machine, path);
    const journal = (machine: string, shard: string) => readFile(at(machine, `${shard}/detections.jsonl`), 'utf8');

    const images = await checkOut(join(folder, 'first'));
    const [one, two] = ['drafts/shards/1-of-2', 'drafts/shards/2-of-2'];
    // A slow machine may need longer for its first image.
    for (let seconds = 1; (await journalled(at('first', one))).length === 0; seconds *= 2) {
      const { code, stderr } = await annotate('first', 1, seconds);
      expect(code, stderr).toBe(0);
    }
    expect(await readFile(`${join(folder, 'first')}.output`, 'utf8')).toMatch(/^(left-1=true\n)+$/);
    expect(await readFile(`${join(folder, 'first')}.summary.md`, 'utf8')).toContain('Stopped by --max-runtime');

    await checkOut(join(folder, 'next'));
    await cp(at('first', one), at('next', one), { recursive: true });
    await rm(join(folder, 'first'), { recursive: true });
    const before = await journal('next', one);
    for (const part of [1, 2]) {
      const { code, stderr } = await annotate('next', part);
      expect(code, stderr).toBe(0);
      expect(await readFile(at('next', `junit-${part}.xml`), 'utf8')).toContain('failures="0"');
    }
    expect(await readFile(`${join(folder, 'next')}.output`, 'utf8')).toBe('');
    expect(await readFile(`${join(folder, 'next')}.summary.md`, 'utf8')).toContain('## Draft annotations');
    const after = await journal('next', one);
    const lines = (text: string) => new Set(text.trim().split('\n'));
    for (const line of lines(before)) expect(lines(after)).toContain(line);
    expect(lines(after).size).toBeGreaterThan(lines(before).size);

    const workspace = await mergeJobWorkspace(folder, [one, two]);
    const merge = (name: string) =>
      runShell(scriptOf('merge', name), { cwd: workspace, commands, env: variablesOf('merge', workspace, 0) });
    for (const name of ['Merge', 'Export']) expect(await merge(name)).toMatchObject({ code: 0 });
    expect(await journalled(join(workspace, 'drafts'))).toHaveLength(images);
    const summary = await readFile(`${workspace}.summary.md`, 'utf8');
    expect(summary).toContain(`## Draft annotations\n\n${images} images, `);
    expect(summary).toContain('Model: builtin:emoji.');
    await cp(join(workspace, 'drafts/coco'), join(workspace, 'corrected'), { recursive: true });
    expect(await merge('Compare with the corrected data set')).toMatchObject({ code: 0 });
    expect(await merge('Report')).toMatchObject({ code: 0 });
    expect(await readFile(join(workspace, 'report.html'), 'utf8')).toContain('<html');
  });
});

/** A machine with a checkout, and the parts that two others have left as artifacts. */
async function mergeJobWorkspace(folder: string, parts: readonly string[]): Promise<string> {
  const workspace = join(folder, 'merge');
  await checkOut(workspace);
  for (const part of parts) {
    await mkdir(join(workspace, part), { recursive: true });
    await cp(join(folder, 'next', part), join(workspace, part), { recursive: true });
  }
  return workspace;
}
