import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCENES } from '../support/cli.js';
import { FIXTURES, ROOT } from '../support/model/golden.js';
import { acceptImages } from '../support/review/accept-images.js';
import { commandsIn } from './commands-in.js';

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** What is not run here, and why. */
const NOT_RUN: readonly (readonly [command: RegExp, reason: string])[] = [
  [/^npm ci && npm test$/, 'this test is a part of it'],
  [/^npm (pack|install )/, 'test/package.process.test.ts packs and installs'],
  [/^yolo /, 'trains with another program'],
  [/^npx preannotate bench$/, 'takes two minutes; test/cli/bench runs it with limits'],
];

/** Those that wait for a person, and what they print when they are ready. */
const WAITING: readonly (readonly [command: RegExp, ready: RegExp])[] = [
  [/^npx preannotate review /, /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/],
  [/^npx preannotate serve /, /serves .* at (http:\/\/\S+)/],
];

/** A project as README describes it: photos, an ontology, and a shell that finds this build. */
let project: string;

/** A server that README leaves running. */
let server: { readonly child: ChildProcess; readonly url: string } | undefined;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'preannotate-readme-'));
  await mkdir(join(project, 'photos'));
  for (const name of (await readdir(SCENES)).filter((name) => /^scene-0.*\.jpg$/.test(name)))
    await copyFile(join(SCENES, name), join(project, 'photos', name));
  await symlink(FIXTURES, join(project, 'fixtures'));
  const [, ontology = ''] = /```yaml\n# bottles\.yaml\n([^]*?)```/.exec(README) ?? [];
  await writeFile(join(project, 'bottles.yaml'), ontology);
  await mkdir(join(project, 'bin'));
  await writeProgram(
    'npx',
    `[ "$1" = preannotate ] && shift\nexec "${process.execPath}" "${ROOT}/bin/preannotate.js" "$@"`,
  );
  await writeProgram('npm', '[ "$1" = ci ]'); // the packages are there
  await writeProgram('xdg-open', 'exit 0');
});

afterAll(async () => {
  if (server !== undefined) await end(server.child);
  await rm(project, { recursive: true, force: true });
});

describe('every command in README works, one after the other', () => {
  const commands = commandsIn(README);

  it.each(commands.map(({ command, line }) => [line, command] as const))('line %d: %s', async (_, command) => {
    if (NOT_RUN.some(([pattern]) => pattern.test(command))) return;
    const waiting = WAITING.find(([pattern]) => pattern.test(command));
    if (waiting !== undefined) {
      await runUntilReady(command, waiting[1]);
      return;
    }
    const { code, stdout, stderr } = await run(command);
    expect(code, stderr).toBe(0);
    expect(stdout + stderr).not.toBe('');
  });

  it('are those that this test knows', () => {
    const texts = commands.map(({ command }) => command);
    expect(texts.length).toBeGreaterThan(20);
    for (const [pattern] of NOT_RUN) expect(texts.filter((command) => pattern.test(command))).not.toEqual([]);
  });

  it('leave what README says', async () => {
    const files = ['drafts/previews/index.html', 'drafts/yolo/data.yaml', 'tuned.yaml', 'second/coco/instances.json'];
    for (const file of files) expect(await readFile(join(project, file), 'utf8')).not.toBe('');
  });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: string): Promise<Ended> {
  const child = start(server === undefined ? command : command.replace('http://localhost:8000', server.url));
  const { stdout, stderr } = collect(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: stdout(), stderr: stderr() };
}

/** Runs what waits for a person until it is ready; of a review, images are accepted then. */
async function runUntilReady(command: string, ready: RegExp): Promise<void> {
  const child = start(command);
  const { stdout, stderr } = collect(child);
  while (!ready.test(stdout())) {
    if (child.exitCode !== null) throw new Error(`${command} has ended: ${stderr()}`);
    await sleep(50);
  }
  const [found, url] = ready.exec(stdout())!;
  if (url !== undefined) {
    server = { child, url };
    return;
  }
  expect((await fetch(found, { redirect: 'manual' })).headers.getSetCookie()).not.toEqual([]);
  await end(child);
  if (command.includes('drafts')) await acceptImages(join(project, 'drafts'), await acceptedAsTheyAre());
}

async function acceptedAsTheyAre(): Promise<Parameters<typeof acceptImages>[1]> {
  const names = await readdir(join(project, 'photos'));
  return Object.fromEntries(names.map((name) => [name, (boxes) => boxes]));
}

function start(command: string): ChildProcess {
  const env = {
    ...process.env,
    ...{
      PATH: `${join(project, 'bin')}:${process.env['PATH']}`,
      PREANNOTATE_MODEL: 'builtin:emoji',
      PREANNOTATE_PORT: '0',
    },
    ...{ GITHUB_ACTIONS: '', GITLAB_CI: '', GITHUB_STEP_SUMMARY: '' },
  };
  const args = ['-e', '-u', '-o', 'pipefail', '-c', command];
  return spawn('bash', args, { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
}

function collect(child: ChildProcess): { stdout: () => string; stderr: () => string } {
  const texts = { stdout: '', stderr: '' };
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  return { stdout: () => texts.stdout, stderr: () => texts.stderr };
}

async function end(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  process.kill(-child.pid!, 'SIGTERM'); // with bash, which may not replace itself by what it starts
  await closed;
}

async function writeProgram(name: string, text: string): Promise<void> {
  await writeFile(join(project, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}
