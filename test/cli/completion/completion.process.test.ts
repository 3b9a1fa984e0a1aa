import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPTION_GROUPS } from '../../../src/config/options/meta.js';
import { preannotate } from '../../support/cli.js';
import { HAS_TERMINAL } from '../../support/system/terminal.js';
import { installedPath, InteractiveShell, isInstalled } from './shells.js';

const SHELLS = ['bash', 'zsh', 'fish'];

/** A file whose name a shell must not run. */
const ODD_NAME = 'a$(touch made)';

let cwd: string;
let path: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
  path = await installedPath(cwd);
  for (const folder of ['drafts', 'my run', 'photos', 'plain']) await mkdir(join(cwd, folder));
  for (const run of ['drafts', 'my run']) await writeFile(join(cwd, run, 'detections.jsonl'), '');
  for (const name of ['yard.yaml', 'the yard.yaml', ODD_NAME]) await writeFile(join(cwd, name), '');
  for (const shell of SHELLS) {
    const { stdout, code } = await preannotate(['completion', shell]);
    expect(code).toBe(0);
    await writeFile(join(cwd, `completion.${shell}`), stdout);
  }
});

afterAll(() => rm(cwd, { recursive: true, force: true }));

/** What `complete`, which the scripts call, answers about the last word. */
async function wordsFor(...words: string[]): Promise<string[]> {
  const { stdout, stderr, code } = await preannotate(['complete', '--', ...words], { cwd });
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t', 1)[0]!);
}

describe('candidates', () => {
  it('are commands, aliases of which lead on, and commands below them', async () => {
    expect(await wordsFor('')).toEqual(expect.arrayContaining(['run', 'export', 'doctor', 'completion', 'help']));
    expect(await wordsFor('re')).toEqual(['review', 'report', ':none']);
    expect(await wordsFor('models', 'p')).toEqual(['pull', ':none']);
    expect(await wordsFor('help', 'models', 'v')).toEqual(['verify', ':none']);
    expect(await wordsFor('predict', '--score-t')).toEqual(['--score-threshold', ':none']);
    expect(await wordsFor('nothing', '')).toEqual([':none']);
  });

  it('are options that are not given yet, unless they may be repeated', async () => {
    expect(await wordsFor('run', 'photos', '--js')).toEqual(['--json', ':none']);
    expect(await wordsFor('run', '--json', '--js')).toEqual([':none']);
    expect(await wordsFor('run', '--class', 'cup', '--cla')).toContain('--class');
    expect(await wordsFor('run', '--', '--js')).toEqual([':files']);
  });

  it('are the values of an option, also in a list and behind =', async () => {
    expect(await wordsFor('run', '--precision', 'f')).toEqual(['fp32', 'fp16', ':none']);
    expect(await wordsFor('run', '--precision=f')).toEqual(['--precision=fp32', '--precision=fp16', ':none']);
    expect(await wordsFor('export', 'drafts', '--format', 'yolo,c')).toEqual([
      'yolo,coco',
      'yolo,cvat',
      'yolo,csv',
      ':none',
    ]);
    expect(await wordsFor('run', '--device', 'cpu,c')).toEqual(['cpu,cuda', 'cpu,coreml', ':none']);
    expect(await wordsFor('serve', '--log-level', 'w')).toEqual(['warn', ':none']);
    expect(await wordsFor('completion', '')).toEqual([...SHELLS, ':none']);
  });

  it('are ontologies, classes of files, models on this machine and folders that hold a run', async () => {
    expect(await wordsFor('run', '--ontology', '')).toEqual(['bottles', 'coco', 'emoji', ':files']);
    expect(await wordsFor('run', '--model', 'b')).toEqual(['builtin:emoji', ':none']);
    expect(await wordsFor('models', 'pull', 'google/owlvit-l')).toEqual(['google/owlvit-large-patch14', ':none']);
    expect(await wordsFor('run', '--out', '')).toEqual([':folders']);
    expect(await wordsFor('export', '')).toEqual(['drafts', 'my run', ':paths']);
    expect(await wordsFor('export', './d')).toEqual(['./drafts', ':paths']);
    expect(await wordsFor('export', 'pho')).toEqual([':folders']);
  });
});

it('a group of options has no name of its own among the candidates', async () => {
  const words = await wordsFor('run', '-');
  for (const heading of Object.values(OPTION_GROUPS)) expect(words).not.toContain(heading);
  expect(words).toEqual(expect.arrayContaining(['--out', '--help', '--no-recursive', '-h']));
});

describe.skipIf(!isInstalled('bash'))('bash (needs bash)', () => {
  it('gets the words that remain behind its own divisions at = and :', async () => {
    const script = `source completion.bash
      for line in 'run --fit' 'run --precision = f' 'run --model builtin : e' 'run --model builtin :' 'models p'; do
        COMP_WORDS=(preannotate $line); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); _preannotate; echo "\${COMPREPLY[*]}"
      done`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd, env: { ...process.env, PATH: path } });
    expect(stdout.trimEnd().split('\n')).toEqual(['--fit', 'fp32 fp16', 'emoji', 'emoji', 'pull']);
  });

  it.runIf(HAS_TERMINAL)('completes at its prompt, and quotes names of folders', async () => {
    const shell = new InteractiveShell('bash --norc --noprofile -i', { cwd, path });
    await shell.type("PS1='rea''dy> '; source completion.bash\n", 'ready> ');
    await shell.type('preannotate exp\tmy\t --form\tyol\t', 'export my\\ run/ --format yolo');
    await shell.type('\u0015preannotate run --ontology ya\t', '--ontology yard.yaml');
    await shell.type('\u0015preannotate run --ontology=em\t', '--ontology=emoji');
    await shell.type('\u0015preannotate run --out=pho\t', '--out=photos/');
    await shell.type('\u0015preannotate run --model bui\t', '--model builtin:emoji');
    await shell.type('\u0015preannotate export my\\ r\t', 'my\\ run/');
    await shell.type('\u0015preannotate export "my r\t', '"my run"/');
    await shell.type('\u0015preannotate run --ontology the\\ y\t', '--ontology the\\ yard.yaml');
    await shell.type('\u0015preannotate run --on\t\t', '--only-reviewed  --ontology');
    await shell.close();
  });

  it('takes names with spaces and other signs as they are, and runs nothing that is in them', async () => {
    const script = `source completion.bash
      for word in 'my\\ ' '"my r' "'my" 'm"y r"'; do
        COMP_WORDS=(preannotate export "$word"); COMP_CWORD=2; _preannotate; printf '%s\\n' "\${COMPREPLY[@]}"
      done
      COMP_WORDS=(preannotate run --ontology ''); COMP_CWORD=3; _preannotate; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd, env: { ...process.env, PATH: path } });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(0, 4)).toEqual(['my run', 'my run', 'my run', 'my run']);
    expect(lines.slice(4)).toEqual(expect.arrayContaining(['emoji', 'the yard.yaml', ODD_NAME]));
    expect(existsSync(join(cwd, 'made'))).toBe(false);
  });
});

describe.skipIf(!isInstalled('zsh') || !HAS_TERMINAL)('zsh (needs zsh)', () => {
  it('completes at its prompt, and quotes names of folders', async () => {
    const shell = new InteractiveShell('zsh -f -i', { cwd, path });
    await shell.type("PS1='rea''dy> '; autoload -Uz compinit; compinit -u -D; source ./completion.zsh\n", 'ready> ');
    await shell.type('preannotate exp\tmy\t--form\tyol\t', 'export my\\ run --format yolo');
    await shell.type('\u0015preannotate run --ontology ya\t', '--ontology yard.yaml');
    await shell.type('\u0015preannotate run --ontology=em\t', '--ontology=emoji');
    await shell.type('\u0015preannotate run --out=pho\t', '--out=photos/');
    await shell.type('\u0015preannotate run --model bui\t', '--model builtin:emoji');
    await shell.type('\u0015preannotate export my\\ r\t', 'my\\ run');
    await shell.type('\u0015preannotate export "my r\t', '"my run/');
    await shell.type('\u0015preannotate run --ontology the\\ y\t', '--ontology the\\ yard.yaml');
    await shell.type('\u0015preannotate run --onl\t', '--only-reviewed');
    await shell.close();
  });
});

describe.skipIf(!isInstalled('fish'))('fish (needs fish)', () => {
  async function candidates(line: string): Promise<string[]> {
    const script = 'source completion.fish; complete -C $argv[1]';
    const options = { cwd, env: { ...process.env, PATH: path, HOME: cwd } };
    const { stdout } = await promisify(execFile)('fish', ['--no-config', '-c', script, line], options);
    return stdout
      .trimEnd()
      .split('\n')
      .map((found) => found.split('\t', 1)[0]!);
  }

  it('gets words with their descriptions, folders and files', async () => {
    expect(await candidates('preannotate exp')).toEqual(['export']);
    expect(await candidates('preannotate export my')).toEqual(['my run']);
    expect(await candidates('preannotate export my\\ r')).toEqual(['my run']);
    expect(await candidates('preannotate export "my r')).toEqual(['my run']);
    expect(await candidates('preannotate run --on')).toEqual(['--ontology', '--only-reviewed']);
    expect(await candidates('preannotate run --ontology the\\ y')).toEqual(['the yard.yaml']);
    expect(await candidates('preannotate run --precision f')).toEqual(['fp32', 'fp16']);
    expect(await candidates('preannotate run --precision=f')).toEqual(['--precision=fp32', '--precision=fp16']);
    expect(await candidates('preannotate run --ontology ya')).toEqual(['yard.yaml']);
    expect(await candidates('preannotate run --out=pho')).toEqual(['--out=photos/']);
    expect(await candidates('preannotate run --model bui')).toEqual(['builtin:emoji']);
  });
});

it('an unknown shell is refused with the one that was probably meant', async () => {
  const { stderr, code } = await preannotate(['completion', 'bsh']);
  expect(code).toBe(2);
  expect(stderr).toContain('Did you mean bash?');
});
