import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preannotate, SCENES } from '../support/cli.js';
import { openModel, tinyFolder } from '../support/model/tiny-folder.js';
import { ROOT } from '../support/model/golden.js';
import { asOrdinaryUser } from '../support/system/ordinary-user.js';
import { SPECIAL_FILES } from '../support/system/special-files.js';
import { temporaryFolder } from '../support/temporary.js';

const SCENE = join(SCENES, 'scene-01.jpg');
const ONTOLOGY = ['--ontology', join(ROOT, 'ontologies/emoji.yaml')];
const isLinux = process.platform === 'linux';

/** Files that are read of a model folder, and those that must be absent for them to be read. */
const READ: readonly (readonly [file: string, absent: readonly string[]])[] = [
  ['config.json', []],
  ['preprocessor_config.json', []],
  ['tokenizer.json', []],
  ['tokenizer_config.json', []],
  ['vocab.json', ['tokenizer.json']],
  ['merges.txt', ['tokenizer.json']],
  ['model.safetensors', []],
  ['model.safetensors.index.json', ['model.safetensors']],
  ['model-00001-of-00001.safetensors', ['model.safetensors']],
  ['pytorch_model.bin', ['model.safetensors']],
  ['onnx/model.onnx', ['model.safetensors']],
];

describe.skipIf(!isLinux)('a model folder (needs mkfifo and /dev)', () => {
  it.each(SPECIAL_FILES)('is refused, naming the file, when one that is read is %s', async (_what, make) => {
    for (const [file, absent] of READ) {
      const folder = await tinyFolder();
      for (const name of [...absent, file]) await rm(join(folder, name), { force: true });
      if (file.startsWith('model-')) {
        await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: { a: file } }));
      }
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await make(join(folder, file));
      const { code, message } = await asOrdinaryUser(() =>
        openModel(folder).then(
          () => ({ code: undefined, message: `${file} was accepted` }),
          (error: unknown) => error as { code: string; message: string },
        ),
      );
      expect({ code, message }).toEqual({
        code: 'MODEL_INVALID',
        message: expect.stringContaining(join(folder, file)),
      });
      expect(message).not.toMatch(/\n|Error:/);
    }
  });

  it.each([
    ['run', (folder: string) => ['run', SCENE, ...ONTOLOGY, '--out', `${folder}/out`, '--model', folder]],
    ['serve', (folder: string) => ['serve', '--port', '0', ...ONTOLOGY, '--model', folder]],
    ['doctor', (folder: string) => ['doctor', '--model', folder]],
    ['models info', (folder: string) => ['models', 'info', folder]],
  ])('ends %s with exit code 2 when its weights are a FIFO or its configuration is a folder', async (_name, args) => {
    for (const [file, what] of [
      ['model.safetensors', 'a FIFO'],
      ['config.json', 'a folder'],
    ] as const) {
      const folder = await tinyFolder();
      await rm(join(folder, file));
      await SPECIAL_FILES.find(([name]) => name === what)![1](join(folder, file));
      const { code, stdout, stderr } = await preannotate(args(folder), { timeoutMs: 50_000, cwd: ROOT });
      expect({ code, text: stdout + stderr }).toEqual({ code: 2, text: expect.stringContaining(file) });
      expect(stdout + stderr).not.toContain('    at ');
    }
  });
});

/** A cache of the hub with the tiny checkpoint, one blob of which is replaced. */
async function cacheWith(file: string, make: (path: string) => Promise<unknown>): Promise<string> {
  const [cache, tiny] = [await temporaryFolder(), await tinyFolder()];
  const repo = join(cache, 'models--org--tiny');
  const snapshot = join(repo, 'snapshots', 'a'.repeat(40));
  for (const folder of ['blobs', 'refs', 'snapshots']) await mkdir(join(repo, folder), { recursive: true });
  await writeFile(join(repo, 'refs/main'), 'a'.repeat(40));
  await cp(tiny, snapshot, { recursive: true });
  for (const name of ['config.json', 'model.safetensors']) {
    const digest = createHash('sha256')
      .update(await readFile(join(snapshot, name)))
      .digest('hex');
    const blob = join(repo, 'blobs', digest);
    await rename(join(snapshot, name), blob);
    await symlink(join('../../blobs', digest), join(snapshot, name));
    if (name !== file) continue;
    await rm(blob);
    await make(blob);
  }
  return cache;
}

describe.skipIf(!isLinux)("a model of the hub's cache (needs mkfifo and /dev)", () => {
  const kinds = [...SPECIAL_FILES.filter(([what]) => /FIFO|folder|zero/.test(what)), ['gone', async () => {}] as const];

  it.each(kinds)('is refused by every command within seconds when a blob is %s', async (_what, make) => {
    for (const file of ['model.safetensors', 'config.json']) {
      const env = { HF_HUB_CACHE: await cacheWith(file, make), HF_HUB_OFFLINE: '1' };
      const run = ['run', SCENE, ...ONTOLOGY, '--out', join(env.HF_HUB_CACHE, 'out'), '--model', 'org/tiny'];
      for (const args of [run, ['models', 'info', 'org/tiny'], ['models', 'verify', 'org/tiny']]) {
        const { code, stdout, stderr } = await preannotate(args, { env, timeoutMs: 50_000 });
        expect({ code, text: stdout + stderr }).toEqual({ code: 2, text: expect.stringContaining('org') });
        expect(stdout + stderr).not.toContain('    at ');
        if (args[1] === 'verify') expect(stdout).toMatch(new RegExp(`${file}\\n.*\\n +and is nothing: `));
      }
    }
  });
});
