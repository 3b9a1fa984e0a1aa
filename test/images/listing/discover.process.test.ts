import { execFileSync } from 'node:child_process';
import { chmod, link, mkdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { discover, type DiscoverOptions } from '../../../src/images/listing/discover.js';
import { readImage } from '../../../src/images/read.js';
import { FIXTURES } from '../../support/model/golden.js';
import { asOrdinaryUser } from '../../support/system/ordinary-user.js';
import { temporaryFolder } from '../../support/temporary.js';

const DEFAULTS: DiscoverOptions = {
  recursive: true,
  include: [],
  exclude: [],
  outputFolders: ['yolo', 'previews'],
};

async function filled(names: readonly string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), 'x');
  }
  return folder;
}

async function namesIn(inputs: string[], options: Partial<DiscoverOptions> = {}): Promise<string[]> {
  return (await discover(inputs, { ...DEFAULTS, ...options })).images.map(({ name }) => name);
}

const ODD = [
  'with space.jpg',
  'new\nline.jpg',
  'tab\t.jpg',
  'quote\'".jpg',
  '-dash.jpg',
  '--output=x.jpg',
  '[brackets].jpg',
  '{brace,x}.jpg',
  'star*.jpg',
  '(paren).jpg',
  'q?mark.jpg',
  '!bang.jpg',
  'back\\slash.jpg',
  'comma,semi;colon:.jpg',
  '日本語.jpg',
  'emoji😀.jpg',
  'e\u0301-nfd.jpg',
  '\u00e9-nfc.jpg',
  'rtl\u202egpj.jpg',
  'UPPER.JPG',
  '#hash.jpg',
  '%41pct.jpg',
  '&amp;<b>.jpg',
  'ctrl\u0001.jpg',
  'ansi\u001b[31m.jpg',
  'double.jpg.png.jpg',
  `${'x'.repeat(251)}.jpg`,
  'dir.jpg/inside.png',
  'Case.jpg',
  'case.jpg',
];

describe('discovering images', () => {
  it('refuses a pattern that only negates', async () => {
    await expect(discover(['!missing/*.jpg'], DEFAULTS)).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringContaining('!missing/*.jpg'),
    });
  });

  it('lists images with any kind of name below a folder, sorted by bytes, and counts skipped files', async () => {
    const folder = await filled([...ODD, '.hidden.jpg', '.hidden/a.jpg', 'trailing.jpg ', 'noext', 'notes.txt']);
    const found = await discover([folder], DEFAULTS);
    const sorted = [...ODD].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(found.images.map(({ name }) => name)).toEqual(sorted);
    expect(found).toMatchObject({ failures: [], skipped: 3 });
    for (const { name } of found.images) expect((await readImage(join(found.root, name), 10)).sizeBytes).toBe(1);
  });

  it('takes an existing path as a path, even if it looks like a glob', async () => {
    const folder = await filled(['data [v1] (2){a}/a.jpg', 'data [v1] (2){a}/sub/b.jpg', 'other/[c].txt']);
    expect(await namesIn([join(folder, 'data [v1] (2){a}')])).toEqual(['a.jpg', 'sub/b.jpg']);
    expect(await namesIn([join(folder, 'other/[c].txt')])).toEqual(['[c].txt']); // named itself: whatever its extension
  });

  it('names images relative to the folder, or to the deepest common folder of all inputs', async () => {
    const folder = await filled(['one/a.jpg', 'one/sub/b.jpg', 'two/a.jpg']);
    expect(await namesIn([join(folder, 'one')])).toEqual(['a.jpg', 'sub/b.jpg']);
    expect(await namesIn([join(folder, 'one'), join(folder, 'two/a.jpg')])).toEqual([
      'one/a.jpg',
      'one/sub/b.jpg',
      'two/a.jpg',
    ]);
    expect(await namesIn([join(folder, 'one'), join(folder, 'one/sub')])).toEqual(['a.jpg', 'sub/b.jpg']); // each once
  });

  it('takes globs relative to the working folder or absolute, and matches images only', async () => {
    const folder = await filled(['a/x.jpg', 'a/y.png', 'b/x.jpg', 'b/deep/x.jpg', 'b/notes.txt']);
    expect(await namesIn([join(folder, '**/x.jpg')])).toEqual(['a/x.jpg', 'b/deep/x.jpg', 'b/x.jpg']);
    expect(await namesIn([join(folder, 'b/*')])).toEqual(['x.jpg']);
    expect(await namesIn([relative(process.cwd(), join(folder, 'a/*.{jpg,png}'))])).toEqual(['x.jpg', 'y.png']);
  });

  it('names files of globs with braces relative to the common folder of the alternatives', async () => {
    const folder = await filled(['a/x.jpg', 'b/x.jpg', 'c/x.jpg', '[1]/x.jpg']);
    expect(await discover([join(folder, '{a,b}/*.jpg')], DEFAULTS)).toMatchObject({
      root: await realpath(folder),
      images: [{ name: 'a/x.jpg' }, { name: 'b/x.jpg' }],
    });
    expect(await namesIn([join(folder, '\\[1\\]/*.jpg')])).toEqual(['x.jpg']); // escaped
  });

  it('lists the real files of a glob that leads through a linked folder', async () => {
    const folder = await filled(['real/sub/x.jpg']);
    await symlink('real', join(folder, 'link'));
    const { root, images } = await discover([join(folder, 'link/**/*.jpg')], DEFAULTS);
    expect(root).toBe(await realpath(join(folder, 'real')));
    expect(images).toEqual([{ name: 'sub/x.jpg' }]);
  });

  it('gives each image a name that leads from the root to its file, whatever the inputs are', async () => {
    const folder = await filled(['a/x.jpg', 'a/sub/y.jpg', 'b/z.jpg', 'c/plain.txt']);
    await symlink('b', join(folder, 'link'));
    await symlink('../a/x.jpg', join(folder, 'c/link.jpg'));
    const kinds = [
      ['a/x.jpg'],
      ['a'],
      ['link'],
      ['link/z.jpg', 'c/link.jpg'],
      ['a/../b/*.jpg', 'a/sub'],
      ['{a,link}/*'],
    ];
    for (const inputs of kinds) {
      const { root, images } = await discover(
        inputs.map((input) => join(folder, input)),
        DEFAULTS,
      );
      for (const { name } of images) expect((await readImage(join(root, name), 10)).sizeBytes).toBe(1);
    }
    const relativeToHere = await discover(
      [relative(process.cwd(), join(folder, 'a')), join(FIXTURES, 'scenes')],
      DEFAULTS,
    );
    for (const { name } of relativeToHere.images) {
      expect((await readImage(join(relativeToHere.root, name), 1e8)).sizeBytes).toBeGreaterThan(0);
    }
  });

  it('tells folders, files and globs apart, each with the folder that was listed', async () => {
    const folder = await realpath(await filled(['one/a.jpg', 'two/b.jpg', 'two/sub/c.jpg']));
    const inputs = ['one', 'two/b.jpg', 'two/*/c.jpg'].map((input) => join(folder, input));
    expect(await discover(inputs, DEFAULTS)).toMatchObject({
      root: folder,
      inputs: [
        { kind: 'folder', base: join(folder, 'one') },
        { kind: 'file', base: join(folder, 'two') },
        { kind: 'glob', base: join(folder, 'two') },
      ],
      isComplete: true,
    });
  });

  it('narrows the list by --include, --exclude, --ext and --no-recursive', async () => {
    const folder = await filled(['a.jpg', 'b.png', 'train/c.jpg', 'train/old/d.jpg', 'e.raw']);
    expect(await namesIn([folder], { recursive: false })).toEqual(['a.jpg', 'b.png']);
    expect(await namesIn([folder], { include: ['train/**'] })).toEqual(['train/c.jpg', 'train/old/d.jpg']);
    expect(await namesIn([folder], { exclude: ['**/old/**', '*.png'] })).toEqual(['a.jpg', 'train/c.jpg']);
    expect(await namesIn([folder], { extensions: ['raw', 'png'] })).toEqual(['b.png', 'e.raw']);
  });

  it('matches hidden inputs with --include and --exclude, and never looks outside the inputs', async () => {
    const folder = await filled(['.hidden/a.jpg', '.hidden/a.png', 'b/c.jpg', 'unrelated/d.jpg', 'unrelated/[e].jpg']);
    const inputs = [join(folder, '.hidden'), join(folder, 'b')];
    expect(await namesIn(inputs, { exclude: ['**/*.png'] })).toEqual(['.hidden/a.jpg', 'b/c.jpg']);
    expect(await namesIn(inputs, { include: ['b/c.jpg', 'unrelated/**'] })).toEqual(['b/c.jpg']);
    expect(await namesIn(inputs, { include: ['b/missing.jpg', '.hidden/*'] })).toEqual([
      '.hidden/a.jpg',
      '.hidden/a.png',
    ]);
    // Far apart: the folder they share is /, which must not be searched.
    const start = performance.now();
    const far = await discover([inputs[0]!, FIXTURES], { ...DEFAULTS, exclude: ['**/*.png'] });
    expect(performance.now() - start).toBeLessThan(2000);
    expect(far.images.length).toBeGreaterThan(20);
    expect(far.images.filter(({ name }) => name.endsWith('.png'))).toEqual([]);
  });

  it('lists a linked file under its own name, does not enter linked folders, and lists broken links', async () => {
    const folder = await filled(['a/plain.jpg']);
    const outside = await filled(['secret.jpg']);
    await symlink('plain.jpg', join(folder, 'a/link.jpg'));
    await symlink('..', join(folder, 'a/up'));
    await symlink(outside, join(folder, 'outside'));
    await symlink('nowhere', join(folder, 'dangling.jpg'));
    await symlink('loop.jpg', join(folder, 'loop.jpg'));
    await symlink('/dev/zero', join(folder, 'zero.jpg'));
    await link(join(folder, 'a/plain.jpg'), join(folder, 'hard.jpg'));
    expect(await namesIn([folder])).toEqual([
      'a/link.jpg',
      'a/plain.jpg',
      'dangling.jpg',
      'hard.jpg',
      'loop.jpg',
      'zero.jpg',
    ]);
  });

  it('leaves out the images that an earlier run wrote among the inputs', async () => {
    const folder = await filled([
      'a.jpg',
      'previews/mine.jpg',
      'out/.preannotate/images.jsonl',
      'out/previews/a.jpg',
      'out/b.jpg',
    ]);
    await mkdir(join(folder, 'out/yolo/images'), { recursive: true });
    await symlink('../../../a.jpg', join(folder, 'out/yolo/images/a.jpg'));
    expect(await namesIn([folder])).toEqual(['a.jpg', 'out/b.jpg', 'previews/mine.jpg']);
  });

  it('reports each name that is not UTF-8 as a failure and lists the rest', async () => {
    const folder = await filled(['good.jpg', 'really-\ufffd.jpg', 'latin/z.jpg']);
    const names = ['latin/\xe9.jpg', 'latin/\xe8.jpg', 'really-\xe9.jpg', '\xe9\xe9/inside.jpg'];
    for (const name of names) {
      const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
      await mkdir(path.subarray(0, path.lastIndexOf('/')), { recursive: true });
      await writeFile(path, 'x');
    }
    const { images, failures } = await discover([folder], DEFAULTS);
    await rm(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from('\xe9\xe9', 'latin1')]), { recursive: true });
    expect(images.map(({ name }) => name)).toEqual(['good.jpg', 'latin/z.jpg', 'really-\ufffd.jpg']);
    const invalid = (code: string) => ({ code, message: expect.stringContaining('not valid UTF-8') });
    expect(failures).toMatchObject([
      { name: 'latin/\\xe8.jpg', failure: invalid('IMAGE_UNREADABLE') },
      { name: 'latin/\\xe9.jpg', failure: invalid('IMAGE_UNREADABLE') },
      { name: 'really-\\xe9.jpg', failure: invalid('IMAGE_UNREADABLE') },
      { name: '\ufffd\ufffd', failure: invalid('FOLDER_UNREADABLE') },
    ]);
  });

  it('reports a path that is too deep for the system as one failure and lists the rest', async () => {
    const folder = await filled(['good.jpg']);
    const half = 'ddddddddddd/'.repeat(210); // more at once would be too deep for mkdir too
    execFileSync('bash', ['-c', `mkdir -p ${half} && cd ${half} && mkdir -p ${half}`], { cwd: folder });
    const { images, failures } = await discover([folder], DEFAULTS);
    execFileSync('rm', ['-rf', folder]);
    expect(images.map(({ name }) => name)).toEqual(['good.jpg']);
    expect(failures).toMatchObject([{ failure: { code: 'FOLDER_UNREADABLE' } }]);
  });

  it('reports an unreadable folder as one failure, unless it is excluded, and lists the rest', async () => {
    const folder = await filled(['good.jpg', 'locked/a.jpg', 'other/b.jpg']);
    await chmod(folder, 0o755);
    await chmod(join(folder, 'locked'), 0);
    const found = (inputs: string[], exclude: string[]) =>
      asOrdinaryUser(() => discover(inputs, { ...DEFAULTS, exclude }));
    const whole = await found([folder], []);
    const parts = [join(folder, 'locked'), join(folder, 'other')];
    const twoInputs = await found(parts, []);
    await symlink('.', join(folder, 'link'));
    const linked = await found([join(folder, 'link/**')], []);
    const without = [await found([folder], ['locked/**']), await found(parts, ['locked'])];
    await chmod(join(folder, 'locked'), 0o755);
    expect(whole.images.map(({ name }) => name)).toEqual(['good.jpg', 'other/b.jpg']);
    expect(twoInputs.images.map(({ name }) => name)).toEqual(['other/b.jpg']);
    for (const { failures, isComplete } of [whole, twoInputs, linked]) {
      expect(isComplete).toBe(false);
      expect(failures).toMatchObject([
        { name: 'locked', failure: { code: 'FOLDER_UNREADABLE', message: expect.stringMatching(/locked.*EACCES/) } },
      ]);
    }
    for (const { failures, images, isComplete } of without) {
      expect(isComplete).toBe(true); // what is excluded was not asked for
      expect(failures).toEqual([]);
      expect(images).not.toEqual([]);
    }
  });

  it('refuses a glob that would be matched for hours with the names that are there', async () => {
    const folder = await filled([`${'a'.repeat(245)}.jpg`, `sub/${'a'.repeat(245)}.jpg`]);
    const glob = '*a*a*a*a*a*a*a*a*b';
    const refusal = { code: 'USAGE', message: expect.stringContaining(glob) };
    await expect(discover([join(folder, glob)], DEFAULTS)).rejects.toMatchObject(refusal);
    await expect(discover([folder], { ...DEFAULTS, exclude: [`sub/${glob}`] })).rejects.toMatchObject(refusal);
  });

  it.each([
    ['nothing of that name', 'missing', /There is no file or folder .*missing\./],
    ['a glob that matches nothing', '*.webp', /\*\.webp: no images found/],
    ['a folder without images', 'texts', /texts: no images found, only 1 other file \(1 \.txt\)/],
  ])('%s is an error that names it', async (_what, input, message) => {
    const folder = await filled(['a.jpg', 'texts/a.txt']);
    await expect(discover([join(folder, input)], DEFAULTS)).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringMatching(message),
    });
  });
});
