import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { preannotate } from '../support/cli.js';
import { FIXTURES, ROOT } from '../support/model/golden.js';
import { AS_UNLISTED_USER } from '../support/system/ordinary-user.js';
import { temporaryFolder } from '../support/temporary.js';

/** A process that tries a device crashes. */
const FAULT = `--import=${pathToFileURL(join(ROOT, 'test/faults/no-runtime.mjs')).href}`;

/** What `--json` prints, as far as it is read here. */
interface Printed {
  readonly ok: boolean;
  readonly versions: object;
  readonly machine: { readonly cores: { readonly allowed: number } };
  readonly providers: readonly object[];
  readonly gpus: { readonly vulkan: { readonly drivers: readonly string[] } };
  readonly caches: readonly { readonly purpose: string }[];
  readonly environment: Readonly<Record<string, string>>;
  readonly problems: readonly object[];
}

async function diagnosisOf(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const { code, stdout, stderr } = await preannotate(['doctor', '--json', ...args], { env });
  return { code, stderr, found: JSON.parse(stdout) as Printed };
}

describe('preannotate doctor', () => {
  it('prints the state of the machine, and exits 0 if the CPU starts', async () => {
    const { code, stdout, stderr } = await preannotate(['doctor', '--model', 'builtin:emoji']);
    expect(stdout).toMatch(
      /^Versions\n {2}preannotate \d.*, Node 2\d[\d.]+\n {2}ONNX Runtime 1\..*sharp 0\..*libvips 8\./,
    );
    expect(stdout).toMatch(/\n {2}\d+ of \d+ cores, [\d.]+ GB of [\d.]+ GB memory allowed\n/);
    expect(stdout).toMatch(/\n {2}cpu: starts \(\d+ ms\)\n/);
    expect(stdout).toMatch(/\n {2}--device auto: \w+/);
    expect(stdout).toMatch(/builtin:emoji: owlvit, patch 16, 192 px, .*, verified\n/);
    expect(stdout).toMatch(/preannotate works here\.\n$/);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it.runIf(AS_UNLISTED_USER)('works for a user without a home folder, as pods and services may have', async () => {
    const env = { HOME: undefined, XDG_CACHE_HOME: undefined, HF_HOME: undefined };
    const { stderr, stdout } = await preannotate(['doctor'], { env, prefix: AS_UNLISTED_USER! });
    expect(stderr).toBe('');
    expect(stdout).toContain('cpu: starts');
  });

  it('prints only JSON with --json', async () => {
    const { code, found, stderr } = await diagnosisOf();
    expect(found.ok).toBe(true);
    expect(found.versions).toMatchObject({ node: process.versions.node, node_supported: true });
    expect(found.providers).toContainEqual({ name: 'cpu', started: true, open_ms: expect.any(Number) });
    expect(found.machine.cores.allowed).toBeGreaterThan(0);
    expect(found.caches.map(({ purpose }) => purpose)).toHaveLength(2);
    expect([code, stderr]).toEqual([0, '']);
  });

  it.each([
    ['as it is', {}],
    [
      'with a missing model, a crash and a token',
      { PREANNOTATE_MODEL: './nowhere', HF_TOKEN: 'x', NODE_OPTIONS: FAULT },
    ],
  ])('keeps to the schema of its JSON: %s', async (_, env) => {
    const { found } = await diagnosisOf([], env);
    const schema = JSON.parse(await readFile(join(FIXTURES, 'docs/doctor.schema.json'), 'utf8')) as object;
    const validate = new Ajv2020({ strict: true }).compile(schema);
    expect(validate(found) ? [] : validate.errors).toEqual([]);
    expect(JSON.stringify({ ...found, environment: {} })).not.toMatch(/"\w*[A-Z]\w*":/); // keys are snake_case
    expect(JSON.stringify(found)).not.toMatch(/\.(cc|cpp|h):\d|Require stack/);
  });

  it('lists caches and environment variables, and hides secrets', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'preannotate'));
    await writeFile(join(folder, 'preannotate/kept'), Buffer.alloc(2_000_000));
    const { found } = await diagnosisOf([], {
      XDG_CACHE_HOME: folder,
      HF_HOME: undefined,
      HF_HUB_CACHE: undefined,
      HUGGINGFACE_HUB_CACHE: undefined,
      HF_TOKEN: 'hf_hidden',
      HF_TOKEN_PATH: '/run/token',
      HTTPS_PROXY: 'http://me:hidden@proxy:3128',
      PREANNOTATE_DEVICE: 'cpu',
    });
    expect(found.caches[0]).toMatchObject({ path: join(folder, 'preannotate'), exists: true, size_bytes: 2_000_000 });
    expect(found.caches[1]).toMatchObject({ path: join(folder, 'huggingface/hub'), exists: false, writable: true });
    expect(found.environment).toMatchObject({
      HF_TOKEN: '(set, hidden)',
      HF_TOKEN_PATH: '/run/token',
      HTTPS_PROXY: 'http://(hidden)@proxy:3128',
      PREANNOTATE_DEVICE: 'cpu',
    });
    expect(JSON.stringify(found)).not.toMatch(/hf_hidden|me:hidden/);
  });

  it('survives a crash of a device, reports it, and exits 2', async () => {
    const { code, found } = await diagnosisOf([], { NODE_OPTIONS: FAULT });
    expect(found.providers).toEqual([
      { name: 'cpu', started: false, reason: expect.stringMatching(/died \(signal SIGSEGV\)/) },
    ]);
    expect(found.problems[0]).toMatchObject({ fatal: true, hint: expect.stringMatching(/npm ci/) });
    expect([found.ok, code]).toEqual([false, 2]);
  });

  it('reports WebGPU without a driver', async () => {
    const { code, found } = await diagnosisOf([], { VK_DRIVER_FILES: '/nowhere.json' });
    const reason = 'there is no usable Vulkan driver';
    expect(found.providers).toContainEqual({ name: 'webgpu', started: false, reason });
    expect(found.gpus.vulkan.drivers).toEqual(['/nowhere.json']);
    expect(code).toBe(0);
    const verbose = await preannotate(['doctor', '-v'], { env: { VK_DRIVER_FILES: '/nowhere.json' } });
    expect(verbose.stdout).toMatch(/webgpu: does not start: there is no usable Vulkan driver\n {4}.*WebGPU adapter/);
  });

  it('exits 2 and prints how to fix it if a model given by name is missing', async () => {
    const { code, stdout } = await preannotate(['doctor', '--model', './no-such-folder']);
    expect(stdout).toMatch(
      /Problems\n {2}- The model ".\/no-such-folder" is not on this machine.* Give the folder.*\n\n/,
    );
    expect(stdout).toMatch(/does not work here/);
    expect(code).toBe(2);
  });

  it.each([
    ['google/owlvit-large-patch14', {}, ' is not downloaded: it is not in CACHE. Download it: PULL'],
    ['nobody/nothing', {}, ' is not downloaded: it is not in CACHE. Download it: PULL (published models, by name: '],
    [
      'google/owlvit-large-patch14',
      { HF_HUB_OFFLINE: '1' },
      ' is not downloaded: it is not in CACHE, and HF_HUB_OFFLINE forbids fetching it. Unset HF_HUB_OFFLINE and run: ' +
        'PULL',
    ],
  ])('exits 2 and says how to download the model %s if it is given by name: %o', async (model, env, wanted) => {
    const folder = await temporaryFolder();
    const { code, stdout } = await preannotate(['doctor', '--model', model], {
      env: { HF_HUB_OFFLINE: undefined, TRANSFORMERS_OFFLINE: undefined, ...env, HF_HUB_CACHE: folder },
    });
    const expected = wanted.replace('CACHE', folder).replace('PULL', `preannotate models pull ${model}`);
    expect(stdout.slice(stdout.indexOf('Problems'))).toContain(`- The model "${model}"${expected}`);
    expect(code).toBe(2);
  });

  it('exits 0 if the model of runs without --model is only to be fetched', async () => {
    const folder = await temporaryFolder();
    const { code, found } = await diagnosisOf([], {
      HF_HUB_CACHE: folder,
      HF_HUB_OFFLINE: undefined,
      TRANSFORMERS_OFFLINE: undefined,
    });
    expect(found.problems).not.toContainEqual(expect.objectContaining({ message: expect.stringMatching(/model/) }));
    expect(code).toBe(0);
  });

  it.skipIf(process.getuid?.() === 0)('reports a cache that is not writable (skipped as root)', async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o500);
    const { code, found } = await diagnosisOf([], { XDG_CACHE_HOME: folder });
    await chmod(folder, 0o700);
    expect(found.problems).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/is not writable/) }),
    );
    expect(code).toBe(0);
  });
});

describe('preannotate doctor --setup-cuda', () => {
  it.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
    'prints where the libraries come from if there is no network, and exits 2 (skipped elsewhere than Linux x64)',
    async () => {
      const { code, stderr } = await preannotate(['doctor', '--setup-cuda'], {
        env: { GLOBAL_AGENT_HTTPS_PROXY: 'http://127.0.0.1:1', ONNXRUNTIME_NODE_INSTALL: 'skip' },
      });
      expect(stderr).toMatch(
        /^error: ONNX Runtime's CUDA libraries could not be installed: .*ECONNREFUSED.*\n.*nuget\.org.*\n$/,
      );
      expect(code).toBe(2);
    },
  );
});
