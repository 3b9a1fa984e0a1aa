import { describe, expect, it } from 'vitest';
import { OPTION_GROUPS } from '../../../src/config/options/meta.js';
import { flagsOf } from '../../../src/config/flags.js';
import {
  EvalConfig,
  ExportConfig,
  PromptsConfig,
  RunConfig,
  ServeConfig,
  TuneConfig,
} from '../../../src/config/schema.js';
import { preannotate } from '../../support/cli.js';
import { HAS_TERMINAL, OnTerminal } from '../../support/system/terminal.js';

const BOLD = '\u001b[1m';

const COMMANDS = {
  run: RunConfig,
  serve: ServeConfig,
  export: ExportConfig,
  eval: EvalConfig,
  tune: TuneConfig,
  prompts: PromptsConfig,
};
const NAMES = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];

/** Sections that have no options. */
const OTHER_SECTIONS = ['Arguments', 'Examples', 'Exit codes', 'Files', 'Environment'];

describe('the help of a command with many options', () => {
  it.each(NAMES)('%s --help lists every option once, under the heading of its group', async (name) => {
    const { stdout, code } = await preannotate([name, '--help']);
    expect(code).toBe(0);
    const sections = sectionsOf(stdout);
    const flags = flagsOf(COMMANDS[name]);
    const groups = Object.entries(OPTION_GROUPS).filter(([group]) => flags.some((flag) => flag.group === group));
    expect([...sections.keys()].filter((heading) => !OTHER_SECTIONS.includes(heading))).toEqual(
      groups.map(([, heading]) => heading),
    );
    for (const [group, heading] of groups) {
      const expected = flags.filter((flag) => flag.group === group).map((flag) => `--${flag.name}`);
      const listed = sections.get(heading)!.filter((option) => !option.startsWith('--no-'));
      const others = group === 'other' ? ['--config', '--help', '-h'] : [];
      expect(listed.sort(), heading).toEqual([...expected, ...others].sort());
    }
  });

  it.each(NAMES)('%s -h lists those that matter first, and tells how to see the rest', async (name) => {
    const [brief, whole] = await Promise.all([preannotate([name, '-h']), preannotate([name, '--help'])]);
    const listed = [...sectionsOf(brief.stdout).values()].flat();
    const basic = flagsOf(COMMANDS[name]).filter((flag) => flag.basic);
    expect(listed.filter((option) => option.startsWith('-')).sort()).toEqual(
      [...basic.map((flag) => `--${flag.name}`), '--help', '-h'].sort(),
    );
    expect(brief.code).toBe(0);
    expect(brief.stdout).toContain(`All options: preannotate ${name} --help`);
    expect(brief.stdout).toContain('Examples:');
    expect(brief.stdout).not.toContain('Exit codes:');
    expect(brief.stdout.length).toBeLessThan(whole.stdout.length * 0.7);
  });

  it('is the same through `help`, and after other options', async () => {
    const { stdout } = await preannotate(['run', '--help']);
    expect((await preannotate(['help', 'run'])).stdout).toBe(stdout);
    expect((await preannotate(['run', 'photos', '--quiet', '--help'])).stdout).toBe(stdout);
  });
});

it('export and merge show no default where the run decides', async () => {
  for (const name of ['export', 'merge']) {
    const { stdout } = await preannotate([name, '--help']);
    expect(stdout).toMatch(/threshold \(default: as the run has it\)/);
    expect(stdout).not.toMatch(/stop the run there|another run into the same folder/);
  }
});

it.each(['init', 'doctor', 'models', 'models list', 'models pull'])('%s has one help', async (name) => {
  const brief = await preannotate([...name.split(' '), '-h']);
  expect(brief.code).toBe(0);
  expect(brief.stdout).toBe((await preannotate([...name.split(' '), '--help'])).stdout);
  expect(brief.stdout).not.toContain('All options');
});

describe.runIf(HAS_TERMINAL)('headings', () => {
  const HEADINGS = ['Usage', 'What to find', 'Which boxes', 'Other', 'Examples'];

  it.each(['-h', '--help'])('of %s are bold on a terminal', async (flag) => {
    const { text } = await new OnTerminal(['run', flag]).finished();
    for (const heading of HEADINGS) expect(text).toContain(`${BOLD}${heading}:`);
  });

  it.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('are plain on a terminal with %j', async (env) => {
    const { text } = await new OnTerminal(['run', '--help'], { env }).finished();
    for (const heading of HEADINGS) expect(text).toContain(`\n${heading}:`.replace('\nUsage', 'Usage'));
    expect(text).not.toContain('\u001b[');
  });
});

it('help that is piped has no control sequences', async () => {
  for (const args of [['-h'], ['run', '-h'], ['run', '--help'], ['models', 'rm', '-h']]) {
    expect((await preannotate(args)).stdout).not.toContain('\u001b');
  }
});

/** Names of the options below each heading. */
function sectionsOf(help: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of help.split('\n')) {
    const [, heading] = /^(\S.*):$/.exec(line) ?? [];
    if (heading !== undefined) sections.set(heading, (current = []));
    const [, option] = /^ {2}(?:-\w, )?(--[\w-]+|-h)\b/.exec(line) ?? [];
    if (option !== undefined) current.push(option);
  }
  return sections;
}
