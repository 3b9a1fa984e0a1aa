import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../src/cli/program.js';
import { ROOT } from '../support/model/golden.js';

const DOCS = 'fixtures/docs';

/** Names of the pages, relative to the root. */
const PAGES = [
  ...['README.md', 'CHANGELOG.md', 'src/README.md', '.github/CONTRIBUTING.md'],
  ...readdirSync(join(ROOT, DOCS))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${DOCS}/${name}`),
];

const LINK = /\]\((?!https?:|#)([^)#\s]+)(?:#([^)\s]+))?\)/g;
const ANCHOR = /\]\(#([^)\s]+)\)/g;

/** What completion scripts call; no command of the program. */
const COMPLETE = 'complete';

const program = await buildProgram(() => true);

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8');

  it('links to files and headings that exist', () => {
    const folder = join(ROOT, dirname(page));
    const links = [...text.matchAll(LINK)].map(([, path, anchor]) => ({ path: join(folder, path!), anchor }));
    const own = [...text.matchAll(ANCHOR)].map(([, anchor]) => ({ path: join(ROOT, page), anchor }));
    for (const { path, anchor } of [...links, ...own]) {
      expect(existsSync(path), path).toBe(true);
      if (anchor !== undefined && !statSync(path).isDirectory()) expect(anchorsOf(path), path).toContain(anchor);
    }
  });

  it('names commands and options that exist', () => {
    for (const { words, line } of commandsOf(text)) {
      const command = findCommand(
        program,
        words.filter((word) => !word.startsWith('-')),
      );
      expect(command, `line ${line}: ${words.join(' ')}`).toBeDefined();
      const options = words.filter((word) => word.startsWith('-')).map((word) => word.replace(/=.*/, ''));
      for (const option of options) expect(optionsOf(command!), `line ${line}`).toContain(option);
    }
  });
});

it('README leads to every page, and has fewer than 200 lines', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  for (const page of PAGES.filter((page) => page.startsWith(DOCS))) expect(readme).toContain(`](${page})`);
  expect(readme.split('\n').length).toBeLessThan(200);
});

/** As GitHub makes them of headings. */
function anchorsOf(path: string): string[] {
  const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What stands between `preannotate` and the end of the command, in code. */
function commandsOf(text: string): { words: string[]; line: number }[] {
  return text.split('\n').flatMap((line, at) => {
    const found = [...line.matchAll(/(?:^|[\s`(])(?:npx )?preannotate ([a-z][^`#|;>&\\]*)/g)];
    return found
      .filter(({ index }) => isCode(text, at, line, index))
      .map(([, command]) => ({ words: command!.trim().split(/\s+/), line: at + 1 }))
      .filter(({ words }) => words[0] !== COMPLETE);
  });
}

/** Whether a place is in a fenced or indented block, or between backquotes. */
function isCode(text: string, at: number, line: string, index: number): boolean {
  const before = text.split('\n').slice(0, at);
  const isFenced = before.filter((one) => /^\s*```/.test(one)).length % 2 === 1;
  return isFenced || line.startsWith('    ') || line.slice(0, index + 1).split('`').length % 2 === 0;
}

/** A command, or the subcommand of one: `models pull`. */
function findCommand(parent: Command, names: readonly string[]): Command | undefined {
  const [name, next] = names;
  const command = parent.commands.find((one) => one.name() === name || one.aliases().includes(name!));
  const subcommand = command?.commands.find((one) => one.name() === next || one.aliases().includes(next!));
  return subcommand ?? command;
}

function optionsOf(command: Command): string[] {
  const listed = [...command.options, ...(command.parent?.options ?? [])];
  return [...listed.flatMap(({ long, short }) => [long, short]), '--help', '-h'].filter((one) => one !== undefined);
}
