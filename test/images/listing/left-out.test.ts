import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { discover, type Discovery, type DiscoverOptions } from '../../../src/images/listing/discover.js';
import { SCENES } from '../../support/cli.js';
import { FIXTURES } from '../../support/model/golden.js';
import { asOrdinaryUser } from '../../support/system/ordinary-user.js';
import { temporaryFolder } from '../../support/temporary.js';
import { withoutPackage } from '../../support/system/without-package.js';

const DEFAULTS: DiscoverOptions = { recursive: true, include: [], exclude: [], outputFolders: [] };
const JPEG = await readFile(join(SCENES, 'scene-01.jpg'));
const HEIC = brands('heic', 'mif1', 'heic');
const PDF = Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1');
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>');
const TEXT = Buffer.from('0 0.5 0.5 0.1 0.1\n');

/** The start of a file of the ISO base media format. */
function brands(major: string, ...compatible: string[]): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(16 + 4 * compatible.length);
  const box = Buffer.from(`ftyp${major}\0\0\0\0${compatible.join('')}`, 'latin1');
  return Buffer.concat([size, box, Buffer.from('\0\0\0\x08mdatheic', 'latin1')]);
}

async function folderOf(files: Record<string, Buffer>): Promise<string> {
  const folder = await realpath(await temporaryFolder());
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return folder;
}

/** What a run finds where the optional decoder for HEIC is not installed. */
async function found(files: Record<string, Buffer>, options: Partial<DiscoverOptions> = {}): Promise<Discovery> {
  withoutPackage('heic-decode');
  return discover([await folderOf(files)], { ...DEFAULTS, ...options });
}

const INSTALL = 'run `npm install heic-decode`, or convert';

const namesOf = ({ images }: Discovery) => images.map(({ name }) => name);

describe('files in a folder', () => {
  it.each([
    ...['a.jpg', 'a.JPG', 'a.jpe', 'a.jfif', 'a.jif', 'a.pjpeg', 'a.mpo', 'a.dib', 'a.apng'],
    ...['photo', '5f3c09aa41e7c2d0', 'a.heic', 'a.nef', 'a.jpg_large', 'a.jpg-large', 'a.img', 'a.dat', 'a.jpg?w=200'],
    ...['a.1', 'v1.2 of 3', 'a.', 'a.jpg ', 'a.jpeg.2024-01-05T10.00', 'a.0123456789abcdef0123', 'a.日本'],
  ])('that are JPEGs are images of the run under any name: %j', async (name) => {
    const { images, notes, skipped, isComplete } = await found({ [name]: JPEG });
    expect({ images, notes, skipped, isComplete }).toEqual({
      images: [{ name }],
      notes: [],
      skipped: 0,
      isComplete: true,
    });
  });

  it.each(['float.tif', 'picture.avif', 'picture.gif'])('are recognised without an ending: %s', async (name) => {
    expect(namesOf(await found({ picture: await readFile(join(FIXTURES, 'formats', name)) }))).toEqual(['picture']);
  });

  it('are HEIC photos too where the optional decoder is installed', async () => {
    const folder = await folderOf({ 'a.jpg': JPEG, 'b.heic': HEIC, c: HEIC });
    expect(namesOf(await discover([folder], DEFAULTS))).toEqual(['a.jpg', 'b.heic', 'c']);
  });

  it('that are left out are reported once, by ending, with a conversion, and are in left_out', async () => {
    const { notes, leftOut, skipped, images } = await found({
      'a.jpg': JPEG,
      'b.heic': HEIC,
      'c.pdf': PDF,
      'sub/d.svg': SVG,
      'sub/e.SVG': SVG,
    });
    expect(images).toHaveLength(1);
    expect(notes).toEqual([
      '4 files left out: 2 .svg (convert with `rsvg-convert FILE.svg -o FILE.png`), ' +
        '1 .heic (run `npm install heic-decode`, or convert with `heif-convert FILE.heic FILE.jpg`), ' +
        '1 .pdf (convert with `pdftoppm -png FILE.pdf FILE`).',
    ]);
    expect(leftOut).toEqual([
      { ending: 'svg', files: 2, content: 'SVG drawing', convert: 'rsvg-convert FILE.svg -o FILE.png' },
      { ending: 'heic', files: 1, content: 'HEIC', convert: 'heif-convert FILE.heic FILE.jpg' },
      { ending: 'pdf', files: 1, content: 'PDF document', convert: 'pdftoppm -png FILE.pdf FILE' },
    ]);
    expect(skipped).toBe(4);
  });

  it('that often lie beside images are counted, but not reported', async () => {
    const names = ['a.txt', 'classes.txt', 'a.json', 'a.xml', 'data.yaml', 'Thumbs.db', 'desktop.ini', 'labels.cache'];
    const more = [
      'a.xmp',
      'a.aae',
      'README',
      'LICENSE',
      'a.rst',
      'a.cpp',
      'big.ovr',
      'mask.msk',
      '.DS_Store',
      '._a.jpg',
    ];
    const files = Object.fromEntries([...names, ...more].map((name) => [name, TEXT]));
    const { notes, skipped } = await found({ ...files, 'big.ovr': Buffer.from('II*\0'), 'a.jpg': JPEG });
    expect({ notes, skipped }).toEqual({ notes: [], skipped: 16 });
  });

  it.each([
    ['unfinished downloads', 'a.jpg.part', /1 \.part \(unfinished, or kept by a program as a copy\)/],
    ['copies of exiftool', 'a.jpg_original', /1 \.jpg_original \(unfinished/],
    ['copies of editors', 'a.jpg~', /1 \.jpg~ \(unfinished/],
  ])('that are %s are not taken for images, but reported', async (_what, name, note) => {
    const { images, notes } = await found({ 'a.jpg': JPEG, [name]: JPEG });
    expect(images).toEqual([{ name: 'a.jpg' }]);
    expect(notes).toEqual([expect.stringMatching(note)]);
  });

  it.each([
    ['an empty file', 'a', Buffer.alloc(0), '1 without an extension (empty file)'],
    ['a video', 'a.mov', brands('qt  '), '1 .mov (convert with `ffmpeg -i FILE.mov FILE-%06d.jpg`)'],
    ['a ZIP archive', 'a.cbz', Buffer.from('PK\x03\x04'), '1 .cbz (ZIP archive)'],
    ['a HEIC photo', 'a', HEIC, `1 without an extension (${INSTALL} with \`heif-convert FILE FILE.jpg\`)`],
    ['a HEIC photo', 'a.img', HEIC, `1 .img (${INSTALL} with \`heif-convert FILE.img FILE.jpg\`)`],
    [
      'a camera raw',
      'a.CR3',
      brands('crx ', 'crx ', 'isom'),
      '1 .cr3 (convert with `darktable-cli FILE.cr3 FILE.jpg`)',
    ],
    ['a camera raw', 'a.nef', Buffer.from('MM\0*'), '1 .nef (convert with `darktable-cli FILE.nef FILE.jpg`)'],
    ['a Photoshop document', 'a.psd', Buffer.from('8BPS'), '1 .psd (convert with `magick FILE.psd[0] FILE.png`)'],
    [
      'a price list',
      'BMW',
      Buffer.from('BMW 320i, 45.000,-\x01 BMW 330i, 52.000,-'),
      '1 without an extension (file of unknown content)',
    ],
    ['a Git LFS pointer', 'a.heic', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), '1 .heic'],
  ])('%s named %s is left out', async (_what, name, bytes, note) => {
    const { images, notes } = await found({ 'a.jpg': JPEG, [name]: bytes });
    expect(images).toEqual([{ name: 'a.jpg' }]);
    expect(notes).toEqual([expect.stringContaining(`1 file left out: ${note}`)]);
  });

  it.each([
    ['avif', ['mif1', 'miaf'], true],
    ['mif1', ['mif1', 'avif', 'miaf'], true],
    ['mif1', ['mif1', 'heic'], false],
    ['msf1', ['hevc'], false],
    ['heic', ['mif1', 'heic'], false],
    ['avis', ['msf1'], true],
    ['mp42', ['isom', 'avif'], false],
    ['avci', ['mif1'], false],
  ])('are AVIF or HEIC by their brands: %s, compatible with %j', async (major, compatible, isImage) => {
    const { images } = await found({ 'a.jpg': JPEG, b: brands(major, ...compatible) });
    expect(images.map(({ name }) => name)).toEqual(isImage ? ['a.jpg', 'b'] : ['a.jpg']);
  });

  it('are chosen by ending alone with --ext, and none is left out without notice with *', async () => {
    const files = { 'a.jpg': JPEG, 'b.jfif': JPEG, c: JPEG, 'd.heic': JPEG, 'e.txt': TEXT, 'f.pdf': PDF };
    const listed = await found(files, { extensions: ['jfif', 'pdf'] });
    expect(namesOf(listed)).toEqual(['b.jfif', 'f.pdf']);
    expect(listed).toMatchObject({ skipped: 4, notes: [] });
    expect(await found(files, { extensions: ['*'] })).toMatchObject({
      images: Object.keys(files).map((name) => ({ name })),
      skipped: 0,
      leftOut: [],
    });
  });

  it('that are excluded are neither looked into nor reported', async () => {
    const { leftOut, notes, images } = await found(
      { 'a.jpg': JPEG, 'b.pdf': PDF, 'raw/c.nef': PDF, photo: JPEG },
      { exclude: ['*.pdf', 'raw', 'photo'] },
    );
    expect({ leftOut, notes, images }).toEqual({ leftOut: [], notes: [], images: [{ name: 'a.jpg' }] });
  });

  it('may have as many endings as there are files', async () => {
    const files = Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`a.x${i}`, Buffer.from([0, 1, 2])]));
    const { leftOut, notes } = await found({ ...files, 'a.jpg': JPEG });
    expect(leftOut).toHaveLength(51);
    expect(leftOut.at(-1)).toEqual({ ending: '', files: 30, content: 'other endings' });
    expect(notes).toEqual([expect.stringMatching(/^80 files left out: 1 \.x0 .* and 72 more\.$/)]);
  });

  it('that cannot be opened are reported, and make the listing incomplete', async () => {
    const folder = await folderOf({ 'a.jpg': JPEG, 'b.dat': JPEG });
    await chmod(folder, 0o755);
    await chmod(join(folder, 'a.jpg'), 0o644);
    await chmod(join(folder, 'b.dat'), 0);
    const { isComplete, notes } = await asOrdinaryUser(() => discover([folder], DEFAULTS));
    expect({ isComplete, notes }).toEqual({ isComplete: false, notes: ['1 file left out: 1 .dat (cannot be read).'] });
  });

  it('that are special are left out without waiting for them', async () => {
    const folder = await folderOf({ 'a.jpg': JPEG });
    execFileSync('mkfifo', [join(folder, 'pipe'), join(folder, 'pipe.dat')]);
    await symlink('/dev/zero', join(folder, 'zero'));
    await symlink('pipe', join(folder, 'to-pipe'));
    await symlink('nowhere', join(folder, 'dangling'));
    await symlink('a.jpg', join(folder, 'to-image'));
    const listing = await discover([folder], DEFAULTS);
    expect(namesOf(listing)).toEqual(['a.jpg', 'to-image']);
    expect(listing).toMatchObject({ skipped: 5, isComplete: true });
    const special = '(named pipe, socket or device)';
    expect(listing.notes).toEqual([
      `5 files left out: 3 without an extension ${special}, 1 without an extension (file that is not there), ` +
        `1 .dat ${special}.`,
    ]);
  });
});

describe('inputs and patterns that match nothing', () => {
  it('are reported by name where there are other images', async () => {
    const folder = await folderOf({ 'one/a.jpg': JPEG, 'two/b.txt': TEXT, 'three/c.jpg': JPEG });
    const inputs = ['one', 'two', 'three', '*.webp'].map((name) => join(folder, name));
    const listing = await discover(inputs, { ...DEFAULTS, exclude: ['three', 'thre', 'nothing/**'] });
    expect(namesOf(listing)).toEqual(['one/a.jpg']);
    expect(listing.notes).toEqual([
      `${folder}/two: no images found.`,
      `${folder}/*.webp: no images found.`,
      expect.stringContaining('--exclude "thre" matches nothing.'),
      expect.stringContaining('--exclude "nothing/**" matches nothing.'),
    ]);
  });

  it.each([
    [{ include: ['*.webp'] }, /--include and --exclude leave none of 2 files/, /--include "\*\.webp" matches nothing/],
    [{ exclude: ['*'] }, /--include and --exclude leave none of 2 files/, /--dry-run/],
    [{ exclude: ['*.jpg'] }, /no images found, only 1 other file \(1 \.pdf \(convert with/, /--ext/],
  ])('are an error where nothing is left: %j', async (options, message, hint) => {
    await expect(found({ 'a.jpg': JPEG, 'b.pdf': PDF }, options)).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });
});

it.each([
  [3, /a\/ \S+b\/ \S+c\/: no images found/],
  [4, /^The 4 inputs: no images found/],
])('%i inputs without an image are named if they are few', async (count, message) => {
  const folder = await folderOf({ 'a/1.txt': TEXT, 'b/1.txt': TEXT, 'c/1.txt': TEXT, 'd/1.txt': TEXT });
  const inputs = ['a', 'b', 'c', 'd'].slice(0, count).map((name) => `${join(folder, name)}/`);
  await expect(discover(inputs, DEFAULTS)).rejects.toThrow(message);
});

it('a file that was given by name is read whatever its ending is', async () => {
  const folder = await temporaryFolder();
  await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'labels.txt'));
  const listing = await discover([join(folder, 'labels.txt')], DEFAULTS);
  expect(listing).toMatchObject({ images: [{ name: 'labels.txt' }], notes: [], skipped: 0 });
});
