import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/command-list.js';
import { preannotate } from '../../support/cli.js';

const BELOW = ['list', 'pull', 'info', 'verify', 'rm'].map((name) => `models ${name}`);
const NAMES = [
  ...COMMANDS.map(({ declare }) => declare().name()),
  ...BELOW,
  ...['info', 'verify', 'rm'].map((name) => `features ${name}`),
];

describe.concurrent('the help of every command', () => {
  it.each(NAMES)('%s fits 110 columns and has a description, examples and exit codes', async (name) => {
    const { stdout, stderr, code } = await preannotate([...name.split(' '), '--help']);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout.split('\n').filter((line) => line.length > 110)).toEqual([]);
    expect(stdout).toMatch(/ --help {2,}Show /);
    expect(stdout).not.toContain('display help');
    const examples = /^Examples:\n((?: {2}.*\n)+)/m.exec(stdout)?.[1] ?? '';
    expect(examples).toContain(`preannotate ${name}`);
    const description = stdout.split('\n\n')[1]!;
    if (!name.includes(' ')) expect(description.match(/[.!?](?=\s|$)/g)!.length).toBeGreaterThan(1);
    if (name === 'completion') return; // it has how to install the script instead
    expect(stdout).toContain('\nExit codes:\n  0');
    expect(stdout).toMatch(/\n {2}NO_COLOR, FORCE_COLOR {2,}\S/);
  });

  it('run has its exit codes, files and variables', async () => {
    const { stdout } = await preannotate(['run', '--help']);
    for (const code of [0, 1, 2, 3, 75, 130, 143]) expect(stdout).toMatch(new RegExp(`^ {2}${code} +\\S`, 'm'));
    for (const file of ['detections.jsonl', 'errors.jsonl', 'run.json']) expect(stdout).toContain(`<out>/${file} `);
    for (const variable of ['PREANNOTATE_<OPTION>', 'HF_HUB_OFFLINE', 'PREANNOTATE_QUEUE', 'AWS_ENDPOINT_URL_S3']) {
      expect(stdout).toContain(`\n  ${variable} `);
    }
  });
});

it('all commands are listed by topic, the most used first', async () => {
  const { stdout } = await preannotate(['--help']);
  const topics = [...stdout.matchAll(/^(\S.*):\n {2}([\w-]+)/gm)].map(([, topic, first]) => [topic, first]);
  expect(topics.filter(([topic]) => !['Options', 'Examples'].includes(topic!))).toEqual([
    ['Draft boxes', 'run'],
    ['Look and correct', 'review'],
    ['Measure', 'eval'],
    ['Several machines', 'merge'],
    ['Models and machine', 'models'],
    ['Setup', 'init'],
  ]);
  expect(stdout.split('\n').filter((line) => line.length > 110)).toEqual([]);
});

describe.concurrent('what was probably meant', () => {
  it.each([
    ['exprot out', 'preannotate export'],
    ['models lst', 'preannotate models list'],
    ['features verfy out', 'preannotate features verify'],
    ['help rnu', 'preannotate run'],
    ['models list --jsn', '--json'],
    ['run x --class a --format coc', '"coco"'],
    ['run x --class a --format yolo,cvta', '"cvat"'],
    ['run x --class a --device cuad', 'cuda'],
    ['run x --class a --device cpu,webgup', 'cpu,webgpu'],
    ['run x --class a --device cudaa:1', 'cuda:1'],
    ['run x --class a --precision fp61', '"fp16"'],
    ['run x --class a --images hadlink', '"hardlink"'],
    ['run x --class a --negatives kepe', '"keep"'],
    ['export x --split-by nera', '"near"'],
    ['serve --log-level wran', '"warn"'],
  ])('%s', async (line, meant) => {
    const { stderr, code } = await preannotate(line.split(' '));
    expect(code).toBe(2);
    expect(stderr).toContain(`Did you mean ${meant}?`);
  });
});
