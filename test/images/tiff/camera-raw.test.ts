import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/images/decode.js';
import { sniff } from '../../../src/images/sniff.js';
import { FIXTURES } from '../../support/model/golden.js';

const FOLDER = join(FIXTURES, 'raw');
const LIMITS = { maxPixels: 268_402_689, strict: true };

/** What `fixtures/raw/make.py` wrote, and what must become of it. */
const cases = JSON.parse(readFileSync(join(FOLDER, 'cases.json'), 'utf8')) as {
  file: string;
  format?: string;
  width?: number;
  height?: number;
}[];

const decode = async (file: string) => decodeImage(await readFile(join(FOLDER, file)), LIMITS);

describe('camera raw', () => {
  it.each(cases.filter(({ format }) => format !== undefined))(
    '$file is refused as $format, with what to do',
    async ({ file, format }) => {
      await expect(decode(file)).rejects.toMatchObject({
        code: 'IMAGE_UNSUPPORTED',
        message: `camera raw: convert it first (${format!}).`,
        hint: expect.stringMatching(/^Develop it to JPEG or TIFF, for example with `darktable-cli /),
      });
    },
  );

  it.each(cases.filter(({ format }) => format === undefined))(
    'is not what a camera or a scanner saved as a picture: $file is decoded at full size',
    async ({ file, width, height }) => {
      expect(await decode(file)).toMatchObject({ width, height });
    },
  );

  it('of every kind in the folder is listed with what must become of it', async () => {
    const files = (await readdir(FOLDER)).filter((name) => /\.(tif|jpg)$/.test(name));
    expect(files.sort()).toEqual(cases.map(({ file }) => file).sort());
  });

  it('is recognised by its first bytes where it is no TIFF file', async () => {
    const heads = ['cr3.tif', 'raf.tif', 'rw2.tif', 'orf.tif'].map(async (file) =>
      sniff((await readFile(join(FOLDER, file))).subarray(0, 32)),
    );
    for (const sniffed of await Promise.all(heads)) {
      expect(sniffed).toMatchObject({ kind: 'camera raw', decoder: undefined });
    }
  });
});
