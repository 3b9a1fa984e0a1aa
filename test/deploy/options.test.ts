import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { buildProgram } from '../../src/cli/program.js';
import { allCommandLines } from '../support/deploy/command-lines.js';
import { DEPLOY } from '../support/deploy/dockerfile.js';

const program = await buildProgram(() => true);

/** The command that arguments begin with, `models pull` too; undefined where it is none. */
function findCommand(args: readonly string[], within: Command = program): Command | undefined {
  const found = within.commands.find((one) => one.name() === args[0] || one.aliases().includes(args[0] ?? ''));
  return found === undefined || found.commands.length === 0 ? found : findCommand(args.slice(1), found);
}

/** What follows the name in a sentence. */
const SENTENCES = ['as', 'uses'];

it('every option in the files of fixtures/deploy and on their pages exists', () => {
  const calls = allCommandLines().filter(({ args }) => args[0] !== '--help');
  const unknown = calls.flatMap(({ args }) => (findCommand(args) === undefined ? [args[0]!] : []));
  expect(unknown.filter((word) => !SENTENCES.includes(word))).toEqual([]);
  const options = calls.flatMap(({ file, args }) => {
    const command = findCommand(args);
    const known = new Set(command?.options.flatMap(({ long, short }) => [long, short]) ?? []);
    const given = args.filter((arg) => /^--?[a-z]/.test(arg)).map((arg) => arg.split('=')[0]!);
    return command === undefined ? [] : given.map((option) => ({ file, option, isKnown: known.has(option) }));
  });
  expect(options.length).toBeGreaterThan(40);
  expect(options.filter(({ isKnown }) => !isKnown)).toEqual([]);
});

it('every variable PREANNOTATE_… in the files is that of an option, or one that help names', () => {
  const longs = program.commands.flatMap(({ options }) => options.map(({ long }) => long));
  const files = readdirSync(DEPLOY, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const text = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')).join('\n');
  const names = new Set([...text.matchAll(/\bPREANNOTATE_([A-Z_]+)/g)].map(([, name]) => name!));
  expect(names.size).toBeGreaterThan(2);
  const options = [...names].map((name) => `--${name.toLowerCase().replaceAll('_', '-')}`);
  for (const option of options) expect(longs).toContain(option);
});
