import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES, viewsOf, type Finished } from '../support/cli.js';
import { canMount, readOnlyDisk } from '../support/system/disk.js';
import { temporaryFolder } from '../support/temporary.js';

const isLinux = process.platform === 'linux';
const SCENE = join(SCENES, 'scene-01.jpg');

/** Runs a command; one that hangs is killed and has no exit code. */
function tryCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return preannotate(args, { env, timeoutMs: 50_000 });
}

describe.skipIf(!isLinux)('a folder in which the system creates nothing (needs /proc)', () => {
  it.each(['/proc/x', '/proc/self/x/y', '/sys/x', '/dev/null/x'])('is refused as output folder: %s', async (out) => {
    const { code, stderr } = await tryCommand(['run', SCENE, ...EMOJI, '--out', out]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^error: \S+ cannot be written: .*\n/) });
    expect(stderr).toContain(out);
  });

  it('is no reason to fail for the cache of a run', async () => {
    const out = join(await temporaryFolder(), 'out');
    const run = await tryCommand(['run', SCENE, ...EMOJI, '--out', out], { XDG_CACHE_HOME: '/proc/x' });
    expect(run.code).toBe(0);
  });

  it('is named when a model must be downloaded to it', async () => {
    const args = ['models', 'pull', 'google/owlvit-base-patch32'];
    const { code, stderr } = await tryCommand(args, { HF_HOME: '/proc/x', HF_HUB_CACHE: '' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: \/proc\/x\/hub\/.* cannot be written: its folder does not exist/);
  });
});

describe.skipIf(process.platform === 'win32')('a named pipe without a writer', () => {
  it.each(['--config', '--ontology'])('is refused by name, within seconds, as %s', async (option) => {
    const pipe = join(await temporaryFolder(), 'pipe.yaml');
    execFileSync('mkfifo', [pipe]);
    const { code, stderr } = await tryCommand(['run', SCENE, '--model', 'builtin:emoji', '--dry-run', option, pipe]);
    expect(code).toBe(2);
    expect(stderr).toContain('pipe.yaml: nothing was written to it for 5 s.');
  });
});

it.skipIf(!canMount)('a read-only file system is named as such (needs the right to mount)', async () => {
  const disk = await readOnlyDisk(() => Promise.resolve());
  for (const out of [disk, join(disk, 'deep/out')]) {
    const { code, stderr } = await tryCommand(['run', SCENE, ...EMOJI, '--out', out]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot be written: the file system is read-only\./);
  }
  const { code } = await tryCommand(['run', SCENE, ...EMOJI, '--out', join(await temporaryFolder(), 'out')], {
    XDG_CACHE_HOME: join(disk, 'cache'),
  });
  expect(code).toBe(0);
});

/** A shell that starts a command with other streams or limits. */
function inShell(script: string, args: readonly string[]): Promise<Finished> {
  return preannotate(args, { prefix: ['bash', '-c', script, 'bash'], timeoutMs: 50_000 });
}

it.skipIf(!isLinux)('the output of another command is read as --config (needs bash)', async () => {
  const script = `"$@" --config <(printf 'score_threshold: 7\\n')`;
  const { code, stderr } = await inShell(script, ['run', SCENE, ...EMOJI]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('score_threshold must be at most 1') });
});

describe.skipIf(!isLinux)('a stream that cannot be written (needs /dev/full)', () => {
  it.each([
    ['2>/dev/full', 0],
    ['>/dev/full', 1],
    ['>/dev/full 2>/dev/full', 1],
    ['>&-', 0],
    ['2>&-', 0],
    ['>&- 2>&- <&-', 0],
  ])('loses no work: run %s exits %i', async (streams, exitCode) => {
    const out = join(await temporaryFolder(), 'out');
    const { code, stderr } = await inShell(`"$@" ${streams}`, ['run', SCENE, ...EMOJI, '--json', '--out', out]);
    expect(code).toBe(exitCode);
    expect(stderr).not.toMatch(/at .*\.js:/);
    if (streams === '>/dev/full')
      expect(stderr).toMatch(/error: The result cannot be printed on stdout: the disk is full/);
    expect(Object.keys(await viewsOf(out)).length).toBeGreaterThan(1);
  });

  it.each([[['--help']], [['--version']], [['run', '--help']], [['models', 'list']]])(
    'is reported in one sentence by %j',
    async (args) => {
      const { code, stderr } = await inShell('"$@" >/dev/full', args);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^error: The result .*\n.*\n$/) });
    },
  );
});

describe.skipIf(!isLinux)('a low limit of open files (needs /proc)', () => {
  it.each([24, 32, 64, 100])('%i is named before anything is done', async (limit) => {
    const out = join(await temporaryFolder(), 'out');
    const { code, stderr } = await inShell(`ulimit -n ${limit}; "$@"`, ['run', SCENE, ...EMOJI, '--out', out]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`only ${limit} files`) });
  });

  it.each([128, 256])('%i is enough for a run', async (limit) => {
    const out = join(await temporaryFolder(), 'out');
    const { code } = await inShell(`ulimit -n ${limit}; "$@"`, ['run', SCENES, ...EMOJI, '--out', out]);
    expect(code).toBe(0);
  });
});
