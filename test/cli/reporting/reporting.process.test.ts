import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { scene, TestServer } from '../../support/server.js';
import { HAS_TERMINAL, OnTerminal } from '../../support/system/terminal.js';
import { temporaryFolder } from '../../support/temporary.js';

/** A run over two images, one of which is broken. */
async function runTwo(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const cwd = await temporaryFolder();
  await mkdir(join(cwd, 'photos'));
  await symlink(join(SCENES, 'scene-07.jpg'), join(cwd, 'photos/whole.jpg'));
  await writeFile(join(cwd, 'photos/broken.jpg'), 'no image');
  return await preannotate(['run', 'photos', ...EMOJI, '--max-errors', '1', ...args], { cwd, env });
}

/** Objects of lines; fails where a line is none. */
function eventsOf(text: string): Record<string, unknown>[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const PROGRESS_LINE = /^\d of \d images \(\d+ %\)/m;

describe('--progress and --log-format', () => {
  it('json writes one object a line on stderr: counts, notes, and images that failed', async () => {
    const { stderr, stdout, code } = await runTwo(['--progress', 'json', '--json']);
    expect(code).toBe(0);
    const events = eventsOf(stderr);
    for (const { level, time, event, message } of events) {
      expect(['info', 'warn', 'error']).toContain(level);
      expect(new Date(String(time)).toISOString()).toBe(time);
      expect([typeof event, typeof message]).toEqual(['string', 'string']);
    }
    const counts = events.filter(({ event }) => event === 'progress');
    expect(counts.at(0)).toMatchObject({ done: 0, total: 2, failed: 0, resumed: 0, eta_seconds: null });
    expect(counts.at(-1)).toMatchObject({ done: 2, total: 2, failed: 1, eta_seconds: 0 });
    expect(counts.at(-1)!['images_per_second']).toBeGreaterThan(0);
    const failed = events.filter(({ event }) => event === 'image_failed');
    expect(failed).toEqual([
      expect.objectContaining({ level: 'warn', image: 'broken.jpg', code: 'IMAGE_UNSUPPORTED' }),
    ]);
    expect(events.some(({ event }) => event === 'note')).toBe(true);
    expect(JSON.parse(stdout)).toMatchObject({ counts: { failed: 1 } });
  });

  it('the log may be JSON without progress, and marks of CI systems are left out of it', async () => {
    const { stderr } = await runTwo(['--log-format=json', '--progress=none'], { GITHUB_ACTIONS: 'true' });
    expect(new Set(eventsOf(stderr).map(({ event }) => event))).toEqual(new Set(['note', 'image_failed']));
  });

  it('plain lines and notes are the default without a terminal; none leaves out the lines', async () => {
    const [auto, plain, none] = await Promise.all(
      [[], ['--progress', 'plain'], ['--progress', 'none']].map((args) => runTwo(args)),
    );
    for (const { stderr } of [auto!, plain!]) expect(stderr).toMatch(PROGRESS_LINE);
    expect(none!.stderr).not.toMatch(PROGRESS_LINE);
    expect(none!.stderr).toContain('classes: ');
  });

  it('errors are JSON too, also those of options that cannot be read', async () => {
    const cases = [
      ['--log-format', 'json', '--precision', 'fp61'],
      ['--progress=json', '--nothing'],
      ['--log-format=json'],
    ];
    const results = await Promise.all(cases.map((args) => preannotate(['run', 'nowhere', '--class', 'cup', ...args])));
    for (const { stderr, stdout, code } of results) {
      expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
      expect(eventsOf(stderr).at(-1)).toMatchObject({ level: 'error', event: 'error' });
    }
    expect(eventsOf(results[0]!.stderr)[0]).toMatchObject({ code: 'CONFIG_INVALID', hint: 'Did you mean "fp16"?' });
    const byVariable = await preannotate(['run', 'nowhere', '--class', 'cup'], {
      env: { PREANNOTATE_LOG_FORMAT: 'json' },
    });
    expect(eventsOf(byVariable.stderr).at(-1)).toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });

  it.runIf(HAS_TERMINAL)('on a terminal, plain draws no bar', async () => {
    const out = await temporaryFolder();
    const args = ['run', join(SCENES, 'scene-07.jpg'), ...EMOJI, '-o', out, '--progress', 'plain'];
    const { text } = await new OnTerminal(args).finished();
    expect(text).toMatch(/1 of 1 images \(100 %\)/);
    expect(text).not.toContain('█');
  });
});

describe('--quiet', () => {
  it('prints nothing but what was asked for', async () => {
    expect(await runTwo(['--quiet'])).toMatchObject({ stdout: '', stderr: '', code: 0 });
    const { stdout, stderr } = await runTwo(['--quiet', '--json', '--progress', 'json']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ counts: { annotated: 1 } });
  });

  it('says in one line why a run with failed images ends with 3', async () => {
    const { stdout, stderr, code } = await runTwo(['--quiet', '--max-errors', '0', '-o', 'drafts']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 3 });
    const reasons = /^error: 1 of 2 images failed\.\nThe reasons are in \S*drafts\/errors\.jsonl\.\n$/;
    expect(stderr).toMatch(reasons);
  });

  it('still prints errors', async () => {
    const { stdout, stderr } = await preannotate(['export', 'nowhere', '--quiet']);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: /);
  });
});

describe('colours', () => {
  const ESCAPE = '\u001b[';

  it.each([
    [{ FORCE_COLOR: '1' }, true],
    [{ FORCE_COLOR: '0' }, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    [{}, false],
  ])('without a terminal, with %j: %s', async (env, areExpected) => {
    const error = await preannotate(['export', 'nowhere'], { env });
    const help = await preannotate(['export', '--help'], { env });
    expect(error.stderr.includes(ESCAPE)).toBe(areExpected);
    expect(help.stdout.includes(ESCAPE)).toBe(areExpected);
  });
});

describe("serve's log for people", () => {
  it('begins with no empty line where there is no ontology to describe', async () => {
    await using server = await TestServer.ready({
      args: ['--log-format', 'text'],
      model: ['--model', 'builtin:emoji'],
    });
    expect(server.running.stderr).toMatch(/^\d\d:\d\d:\d\d \S/);
  });

  it('has a short line for each request, and no JSON', async () => {
    await using server = await TestServer.ready({ args: ['--log-format', 'text'] });
    expect((await server.post(await scene('scene-07.jpg'))).status).toBe(200);
    expect((await server.post(new Uint8Array([1, 2, 3]))).status).toBeGreaterThanOrEqual(400);
    await expect.poll(() => server.running.stderr).toMatch(/POST \/predict 4/); // it is logged after the answer
    const lines = server.running.stderr.split('\n');
    expect(lines.some((line) => /^\d\d:\d\d:\d\d POST \/predict 200 \d+ box(es)? \d+ ms$/.test(line))).toBe(true);
    expect(lines.some((line) => /^\d\d:\d\d:\d\d POST \/predict 4\d\d [A-Z_]+ \d+ ms$/.test(line))).toBe(true);
    expect(lines.filter((line) => line !== '' && !/^\d\d:\d\d:\d\d \S/.test(line))).toEqual([]);
    expect(server.running.stderr).not.toContain('{"level"');
  });

  it.runIf(HAS_TERMINAL)('is the default on a terminal, below the address and links', async () => {
    const server = new OnTerminal(['serve', ...EMOJI, '--port', '0']);
    await server.untilShown('Ctrl-C stops it.');
    expect(server.text).toMatch(/preannotate serves builtin:emoji at (http:\S+)\r\n {2}\1\/ {2}try it/);
    server.type('\u0003');
    const { code, text } = await server.finished();
    expect(code).toBe(0);
    expect(text).not.toContain('{"level"');
    expect(text).toMatch(/\d\d:\d\d:\d\d.* stopping: SIGINT/);
  });
});
