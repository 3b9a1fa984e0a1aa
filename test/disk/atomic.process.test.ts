import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { replaceFile } from '../../src/disk/atomic.js';
import { ROOT } from '../support/model/golden.js';
import { canMount, smallDisk } from '../support/system/disk.js';
import { temporaryFolder } from '../support/temporary.js';

const isLinux = process.platform === 'linux';
const MODULE = pathToFileURL(join(ROOT, 'src/disk/atomic.ts')).href;

/** A text that contains this one, typed as what it stands for. */
const containing = (text: string) => expect.stringContaining(text) as string;

/** Starts a script that has `replaceFile`, in a process of its own, after a shell command. */
function start(script: string, { shell = 'true' } = {}) {
  const source = `import { replaceFile } from ${JSON.stringify(MODULE)};\n${script}`;
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', source];
  return spawn('bash', ['-c', `${shell} && exec "$@"`, 'bash', ...node], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** What writing in a process of its own fails with. */
async function failureOf(script: string, options?: { shell: string }): Promise<unknown> {
  const child = start(
    `try { ${script} } catch ({ code, message }) { process.stdout.write(JSON.stringify({ code, message })); }`,
    options,
  );
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (printed += part));
  await once(child, 'close');
  return JSON.parse(printed);
}

/** Kills a script when it has printed something. */
async function killedHalfWay(script: string): Promise<void> {
  const child = start(script);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe('replaceFile', () => {
  it('creates folders, writes the whole content, and leaves nothing beside the file', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'a/b', `${'n'.repeat(251)}.txt`);
    await replaceFile(path, ['one ', Buffer.from('two '), 'é'.repeat(1_000_000)]);
    expect(await readFile(path, 'utf8')).toBe(`one two ${'é'.repeat(1_000_000)}`);
    await replaceFile(path, 'new');
    expect(await readdir(join(folder, 'a/b'))).toEqual([`${'n'.repeat(251)}.txt`]);
    expect(await readFile(path, 'utf8')).toBe('new');
  });

  it('keeps the old content when its source fails half-way, and throws the error of the source', async () => {
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, 'old');
    async function* failing() {
      yield 'x'.repeat(3_000_000);
      yield await readFile(join(path, '../journal'));
    }
    await expect(replaceFile(path, failing())).rejects.toMatchObject({
      code: 'ENOENT',
      message: containing('journal'),
    });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(dirname(path))).toEqual(['file']);
  });

  it('keeps the old content when the process is killed half-way, and the next one replaces it', async () => {
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, 'old');
    await killedHalfWay(`
      async function* endless() {
        for (let i = 0; ; i++) {
          yield 'x'.repeat(1 << 20);
          if (i === 3) process.stdout.write('three megabytes are written');
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
      await replaceFile(${JSON.stringify(path)}, endless());`);
    expect(await readFile(path, 'utf8')).toBe('old');
    await replaceFile(path, 'new');
    expect(await readFile(path, 'utf8')).toBe('new');
  });

  it('leaves the whole content of one of two calls at once', async () => {
    const path = join(await temporaryFolder(), 'file');
    const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(2_000_000));
    await Promise.all(texts.map((text) => replaceFile(path, [text])));
    expect(texts).toContain(await readFile(path, 'utf8'));
    expect(await readdir(dirname(path))).toEqual(['file']);
  });

  it('names the file that cannot be written, and the reason', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    await mkdir(join(folder, 'folder'));
    await expect(replaceFile(join(folder, 'file/inside'), 'x')).rejects.toMatchObject({
      code: 'OUTPUT_UNUSABLE',
      message: containing(`${join(folder, 'file/inside')} cannot be written: a part of the path is a file`),
    });
    await expect(replaceFile(join(folder, 'folder'), 'x')).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      message: `${join(folder, 'folder')}: a folder has that name.`,
    });
    expect((await readdir(folder)).sort()).toEqual(['file', 'folder']);
  });

  it.skipIf(!isLinux)(
    'names a folder that may not be written (Linux only: root drops its privileges first)',
    async () => {
      const folder = join(await temporaryFolder(), 'closed');
      await mkdir(folder);
      await chmod(dirname(folder), 0o755);
      await chmod(folder, 0o555);
      const path = join(folder, 'x');
      const drop = 'if (process.getuid() === 0) process.setuid(65534);';
      const asNobody = `${drop} await replaceFile(${JSON.stringify(path)}, 'x');`;
      expect(await failureOf(asNobody)).toEqual({
        code: 'OUTPUT_UNUSABLE',
        message: `${path} cannot be written: permission denied.`,
      });
    },
  );

  it.skipIf(!isLinux)(
    'keeps the old content when no more may be written (Linux only: a limit of 100 KB a file)',
    async () => {
      const path = join(await temporaryFolder(), 'file');
      await writeFile(path, 'old');
      const failure = await failureOf(`await replaceFile(${JSON.stringify(path)}, 'x'.repeat(5_000_000));`, {
        shell: `trap '' XFSZ; ulimit -f 100`,
      });
      expect(failure).toEqual({ code: 'WRITE_FAILED', message: containing(`${path}: the file would be larger than`) });
      expect(await readFile(path, 'utf8')).toBe('old');
      expect(await readdir(dirname(path))).toEqual(['file']);
    },
  );

  it.skipIf(!canMount)('keeps the old content on a full disk (needs the right to mount a small one)', async () => {
    const disk = await smallDisk('1m');
    const path = join(disk, 'file');
    await writeFile(path, 'old');
    const chunks = Array.from({ length: 50 }, () => 'x'.repeat(100_000));
    await expect(replaceFile(path, chunks)).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      message: `${path}: the disk is full.`,
    });
    expect(await readdir(disk)).toEqual(['file']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });
});
