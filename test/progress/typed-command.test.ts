import { expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-list.js';
import { asTyped } from '../../src/progress/typed-command.js';

const NPX = { npm_command: 'exec' };

it.each(COMMANDS.map(({ declare }) => declare().name()))('names preannotate %s as npx calls it', (command) => {
  expect(asTyped(`Try: preannotate ${command}`, NPX)).toBe(`Try: npx preannotate ${command}`);
  expect(asTyped(`Try: preannotate ${command}`, {})).toBe(`Try: preannotate ${command}`);
});

it.each([
  ['Give the folder of a `preannotate run`.', 'Give the folder of an `npx preannotate run`.'],
  ['Run `cd x && preannotate run y`.', 'Run `cd x && npx preannotate run y`.'],
  ['npx -p preannotate -p @aws-sdk/client-s3 preannotate run s3://...', undefined],
  ['Use the version of preannotate that wrote it.', undefined],
  ['/data/preannotate run/a.jpg: it is empty.', undefined],
])('leaves all but commands as they are: %s', (text, expected = text) => {
  expect(asTyped(text, NPX)).toBe(expected);
});
