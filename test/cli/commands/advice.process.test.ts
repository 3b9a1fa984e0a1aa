import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preannotate, SCENES } from '../../support/cli.js';
import { FIXTURES } from '../../support/model/golden.js';
import { TestServer } from '../../support/server.js';
import { temporaryFolder } from '../../support/temporary.js';

const ID = 'google/owlv2-base-patch16-ensemble';
const COMMIT = '0123456789'.repeat(4);

let cache: string; // with a tiny model under a published name
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'preannotate-hub-'));
  const repo = join(cache, `models--${ID.replace('/', '--')}`);
  await cp(join(FIXTURES, 'models/owlv2-tiny'), join(repo, 'snapshots', COMMIT), { recursive: true });
  await mkdir(join(repo, 'refs'));
  await writeFile(join(repo, 'refs/main'), COMMIT);
});
afterAll(() => rm(cache, { recursive: true }));

const call = (...args: string[]) => preannotate(args, { env: { HF_HUB_CACHE: cache, HF_HUB_OFFLINE: '1' } });

async function run(...options: string[]) {
  const out = join(await temporaryFolder(), 'out');
  const finished = await call('run', join(SCENES, 'scene-01.jpg'), '--model', ID, '--out', out, ...options);
  expect(finished).toMatchObject({ code: 0 });
  return finished;
}

const countIn = (text: string, part: string) => text.split(part).length - 1;
const ON_THRESHOLD = `for ${ID}, 0.2 is recommended`;
const ON_PROMPT = '"a dog" is the only prompt';

describe('a run with a far threshold and a single prompt', () => {
  it('has a note on each, once, on stderr', async () => {
    const { stdout, stderr } = await run('--class', 'dog=a dog');
    for (const note of [ON_THRESHOLD, ON_PROMPT])
      expect([countIn(stdout, note), countIn(stderr, note)]).toEqual([0, 1]);
  });

  it('has them in its plan, once', async () => {
    const { stdout, stderr } = await run('--class', 'dog=a dog', '--dry-run');
    for (const note of [ON_THRESHOLD, ON_PROMPT]) expect(countIn(stdout + stderr, note)).toBe(1);
  });

  it('has none with --quiet, and none on the stdout of --json', async () => {
    const quiet = await run('--class', 'dog=a dog', '--quiet');
    expect(quiet.stdout + quiet.stderr).not.toContain('recommended');
    expect(quiet.stdout + quiet.stderr).not.toContain('only prompt');
    const { stdout } = await run('--class', 'dog=a dog', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ status: 'done' });
    expect(stdout).not.toContain('recommended');
  });

  it('has none at the recommended threshold, with look-alikes to ignore', async () => {
    const folder = await temporaryFolder();
    const ontology = join(folder, 'ontology.yaml');
    await writeFile(ontology, 'classes: [{ name: dog, prompts: [a dog] }]\nignore: [a cat]\n');
    const { stderr } = await run('--ontology', ontology, '--score-threshold', '0.2');
    expect(stderr).not.toMatch(/recommended|only prompt/);
  });
});

it('a server with a far threshold and a single prompt logs a note on each, and has no export', async () => {
  const ontology = join(await temporaryFolder(), 'ontology.yaml');
  await writeFile(ontology, 'classes: [{ name: dog, prompts: [a dog] }]\n');
  const env = { HF_HUB_CACHE: cache, HF_HUB_OFFLINE: '1' };
  await using server = await TestServer.ready({ args: ['--model', ID, '--ontology', ontology], env });
  const lines = server.running.stderr.trim().split('\n');
  const notes = lines.map((line) => JSON.parse(line) as { level: number; msg: string });
  const advice = notes.filter(({ msg }) => [ON_THRESHOLD, ON_PROMPT].some((part) => msg.includes(part)));
  expect(advice.map(({ level }) => level)).toEqual([30, 30]);
  expect(advice[0]!.msg).toContain('Change it with --score-threshold 0.2.');
  expect(server.running.stderr).not.toContain('export');
});

describe('models', () => {
  it('list has every published checkpoint, what it is recommended with, and whether it is here', async () => {
    const { stdout } = await call('models', 'list');
    expect(stdout).toMatch(/^google\/owlvit-base-patch32 +19\.3 +16\.9 +768 +613 MB +1x +0\.1 +owl +stretch +-$/m);
    expect(stdout).toMatch(/^google\/owlv2-base-patch16-ensemble +43\.9 .* 0\.2 +owl +letterbox +yes$/m);
    const { published } = JSON.parse((await call('models', 'list', '--json')).stdout) as { published: object[] };
    expect(published).toHaveLength(9);
    expect(published).toContainEqual({
      id: 'google/owlv2-large-patch14-finetuned',
      lvis_ap: 48.8,
      lvis_ap_rare: 44,
      image_size: 1008,
      weights_mb: 1750,
      relative_time: { value: 52, how: 'computed' },
      recommended: {
        score_threshold: 0.2,
        templates: 'owl',
        fit: 'letterbox',
        nms_iou: 0.5,
        nms_iou_with_examples: 0.3,
      },
      sources: expect.objectContaining({ ap: expect.stringContaining('google-research/scenic') }),
      here: false,
    });
  });

  it('info has the same of a published checkpoint, and nothing of it for another model', async () => {
    const { stdout } = await call('models', 'info', ID);
    expect(stdout).toMatch(/published +google\/owlv2-base-patch16-ensemble: LVIS AP 43\.9, of rare classes 40\.5\n/);
    expect(stdout).toMatch(
      /time +of an image 9\.5x that of owlvit-base-patch32, 0\.26 images\/s in fp32, 0\.443 in int8/,
    );
    expect(stdout).toContain('score_threshold 0.2, templates owl, fit letterbox, nms_iou 0.5 (0.3 with examples)\n');
    const json = JSON.parse((await call('models', 'info', ID, '--json')).stdout) as object;
    expect(json).toMatchObject({ published: { id: ID, lvis_ap: 43.9, recommended: { score_threshold: 0.2 } } });
    const builtin = JSON.parse((await call('models', 'info', 'builtin:emoji', '--json')).stdout) as object;
    expect(builtin).not.toHaveProperty('published');
    expect(await call('models', 'info', 'google/owlvit-base-patch32')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('preannotate models list'),
    });
  });
});
