import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../../../src/cli/program.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { TestReview } from '../../support/review/review-server.js';
import { TestServer } from '../../support/server.js';
import { temporaryFolder } from '../../support/temporary.js';

/** They print a script, or the version. */
const WITHOUT_LOG = ['completion', 'version'];

let cwd: string;

/** A run over one image, whose COCO file is the ground truth too. */
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
  const args = [join(SCENES, 'scene-07.jpg'), ...EMOJI, '--out', 'drafts', '--features', 'features', '--quiet'];
  const { code, stderr } = await preannotate(['run', ...args], { cwd });
  expect(code, stderr).toBe(0);
  await mkdir(join(cwd, 'empty'));
});

afterAll(() => rm(cwd, { recursive: true, force: true }));

/** Objects of lines; fails where a line is none. */
function eventsOf(text: string): Record<string, unknown>[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Commands that do something, by what is typed. */
async function commandsOf(): Promise<Map<string, Command>> {
  const found = new Map<string, Command>();
  const add = (command: Command, before: string) => {
    const words = `${before}${command.name()}`;
    if (command.commands.length === 0) found.set(words, command);
    for (const below of command.commands) add(below, `${words} `);
  };
  for (const command of (await buildProgram(() => true)).commands) add(command, '');
  return found;
}

const TRUTH = ['--truth', 'drafts/coco/instances.json'];

const TUNE = ['tune', 'drafts', ...TRUTH];

/** Calls that end well. */
const CALLS = [
  ['stats', 'drafts'],
  ['validate', 'drafts'],
  ['report', 'drafts', ...TRUTH],
  ['eval', 'drafts', ...TRUTH],
  ['export', 'drafts'],
  ['review', 'drafts', '--import', 'drafts/coco/instances.json'],
  ['features', 'info', 'features'],
  ['features', 'verify', 'features'],
  ['models', 'list'],
  ['models', 'info', 'builtin:emoji'],
  ['models', 'verify', 'builtin:emoji'],
  ['doctor', '--model', 'builtin:emoji'],
];

describe('every command', () => {
  it('has --log-format, --quiet and --verbose', async () => {
    for (const [name, command] of await commandsOf()) {
      if (WITHOUT_LOG.includes(name)) continue;
      const flags = command.options.map(({ long }) => long);
      expect(flags, name).toEqual(expect.arrayContaining(['--log-format', '--quiet', '--verbose']));
    }
  });

  it('prints errors as JSON where its log is JSON', async () => {
    const names = ['init', 'doctor', 'serve', 'worker', 'models list', 'features rm'];
    const calls = names.map((name) => [...name.split(' '), '--log-format', 'json', '--nothing']);
    const results = await Promise.all(calls.map((args) => preannotate(args, { cwd })));
    for (const [i, { stdout, stderr, code }] of results.entries()) {
      expect({ stdout, code, name: names[i] }).toEqual({ stdout: '', code: 2, name: names[i] });
      expect(eventsOf(stderr)).toEqual([expect.objectContaining({ level: 'error', event: 'error', code: 'USAGE' })]);
    }
  });

  it.each(CALLS)('%s %s writes notes as JSON, and with --quiet nothing', async (...args) => {
    const json = await preannotate([...args, '--log-format=json'], { cwd });
    expect(json.code, json.stderr).toBe(0);
    for (const event of eventsOf(json.stderr)) expect(event).toMatchObject({ event: 'note', level: 'info' });
    const quiet = await preannotate([...args, '--quiet'], { cwd });
    expect(quiet).toMatchObject({ stdout: '', stderr: '', code: 0 });
  });

  it('tune prints its table to stderr as a note, and with --quiet the ontology alone', async () => {
    const { stderr } = await preannotate([...TUNE, '--log-format=json'], { cwd });
    const [table] = eventsOf(stderr);
    expect(table).toMatchObject({ event: 'note', message: expect.stringMatching(/^Thresholds for/) as string });
    const quiet = await preannotate([...TUNE, '--quiet'], { cwd });
    expect(quiet).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^classes:$/m) as string });
  });

  it('takes the form from the environment and from a config file', async () => {
    await writeFile(join(cwd, 'log.yaml'), 'log_format: json\n');
    const failing = ['stats', 'empty'];
    for (const [args, env] of [
      [[...failing, '--config', 'log.yaml'], {}],
      [failing, { PREANNOTATE_LOG_FORMAT: 'json' }],
    ] as const) {
      const { stderr } = await preannotate(args, { cwd, env });
      expect(eventsOf(stderr).at(-1)).toMatchObject({ event: 'error', code: 'DATA_SET_INVALID' });
    }
  });

  it('with --verbose, adds the causes of an error', async () => {
    const args = ['stats', 'drafts', '--config', 'nowhere.yaml', '--log-format', 'json', '--verbose'];
    const [error] = eventsOf((await preannotate(args, { cwd })).stderr);
    expect(error).toMatchObject({ event: 'error', code: 'CONFIG_INVALID' });
    expect(String(error!['causes'])).toContain('ENOENT');
  });
});

/** Whether a server answers on a socket that it is ready. */
async function isReady(socketPath: string): Promise<boolean> {
  const asked = once(request({ socketPath, path: '/readyz' }).end(), 'response') as Promise<[IncomingMessage]>;
  const answered = await asked.catch(() => undefined);
  answered?.[0].resume();
  return answered?.[0].statusCode === 200;
}

describe('servers with --quiet', () => {
  it('serve prints neither its address nor its log', async () => {
    const socketPath = join(await temporaryFolder(), 'server.sock');
    await using server = new TestServer({ args: ['--unix', socketPath, '--quiet'] });
    await server.until(() => isReady(socketPath));
    expect(await server.stop()).toMatchObject({ stdout: '', stderr: '', code: 0 });
  });

  it('review prints nothing, or with --json its link alone', async () => {
    await using review = new TestReview(join(cwd, 'drafts'), ['--quiet', '--json']);
    await review.printed();
    expect(JSON.parse(review.running.stdout)).toMatchObject({ link: expect.stringMatching(/^http/) as string });
    expect(review.running.stderr).toBe('');
  });
});
