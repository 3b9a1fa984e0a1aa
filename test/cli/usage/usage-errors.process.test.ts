import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { preannotate } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

const USAGE_ERRORS = [
  ['-v'],
  ['-v', 'run'],
  ['run', '-v', '--conf', '0.3'],
  ['run', 'photos', '--score-threshold', 'high', '-v'],
  ['run', 'photos', '--class', 'cup', '-v'], // there is no such folder
  ['run', '--verbose', '--ontology', 'missing.yaml'],
  ['run', '-v', '--config', 'missing.yaml'],
  ['export', '-v'],
  ['export', 'missing', '-v'],
  ['export', '-v', 'missing', '--iou', '1'],
  ['serve', '-v', '--zebra'],
  ['serve', '--port', 'http', '-v'],
  ['serve', '-v', '--class', 'cup', '--tls-cert', 'missing.pem', '--tls-key', 'missing.pem'],
  ['models', 'pull', '-v'],
  ['models', 'list', '--zebra', '-v'],
  ['models', 'info', './missing', '-v'],
  ['models', '-v'],
  ['doctor', '-v', '--zebra'],
  ['init', '-v', '--force'],
];

it('wrong usage is reported without a stack trace, with --verbose too', async () => {
  const cwd = await temporaryFolder();
  const finished = await Promise.all(USAGE_ERRORS.map((args) => preannotate(args, { cwd })));
  for (const [i, { code, stderr, stdout }] of finished.entries()) {
    const args = USAGE_ERRORS[i]!;
    const shown = `${args.join(' ')}: ${stderr}`;
    expect(code, shown).toBe(2);
    expect(stdout).toBe('');
    expect(stderr, shown).toMatch(/^error: /m);
    expect(stderr, shown).not.toMatch(/^ +at |node:|CommanderError|commander\./m);
  }
});

it('predict, version, models ls and models remove are other names of commands', async () => {
  const { stdout: version } = await preannotate(['--version']);
  expect(await preannotate(['version'])).toMatchObject({ code: 0, stdout: version });
  expect((await preannotate(['models', 'ls'])).stdout).toBe((await preannotate(['models', 'list'])).stdout);
  expect((await preannotate(['predict', '--help'])).stdout).toBe((await preannotate(['run', '--help'])).stdout);
  const removed = await preannotate(['models', 'remove', 'org/missing']);
  expect(removed).toEqual(await preannotate(['models', 'rm', 'org/missing']));
  const { stdout: help } = await preannotate(['--help']);
  expect(help).toMatch(/^ {2}run\|predict /m);
  expect(help).toMatch(/^ {2}version /m);
  expect((await preannotate(['models', '--help'])).stdout).toMatch(/^ {2}list\|ls (?:.|\n)*^ {2}rm\|remove /m);
});

it('predict annotates images', async () => {
  const out = await temporaryFolder();
  const args = ['predict', 'fixtures/scenes/scene-01.jpg', '--model', 'builtin:emoji', '--class', 'cup', '-o', out];
  expect((await preannotate(args)).code).toBe(0);
});

it('a path that does not exist leads to the nearest one', async () => {
  const cwd = await temporaryFolder();
  await mkdir(join(cwd, 'photos'));
  await mkdir(join(cwd, 'annotations'));
  await writeFile(join(cwd, 'annotations/detections.jsonl'), '');
  await writeFile(join(cwd, 'notes.txt'), '');
  const said = async (...args: string[]) => (await preannotate(args, { cwd })).stderr;
  expect(await said('run', '-q', 'photo', '--class', 'cup')).toBe(
    'error: There is no file or folder photo.\nDid you mean photos?\n',
  );
  expect(await said('run', '-q', 'photos/a.jpg/b', '--class', 'cup')).toMatch(
    /^error: There is no file or folder photos\/a/,
  );
  expect(await said('export', 'nope')).toBe(
    'error: There is no folder nope.\nGive the output folder of a `preannotate run`.\n',
  );
  expect(await said('export', 'anotations')).toBe('error: There is no folder anotations.\nDid you mean annotations?\n');
  expect(await said('export', 'photos')).toMatch(/^error: photos is not the output folder of a run: /);
  expect(await said('export', 'notes.txt')).toMatch(
    /^error: notes\.txt is not the output folder of a run: it is not a/,
  );
  expect(await readdir(cwd)).toEqual(['annotations', 'notes.txt', 'photos']);
});
