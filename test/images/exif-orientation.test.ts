import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readExifOrientation } from '../../src/images/exif-orientation.js';
import { readHeaderSize } from '../../src/images/header-size.js';
import { temporaryFolder } from '../support/temporary.js';

const KINDS = ['jpeg', 'png', 'webp', 'tiff'] as const;

async function imageOf(kind: (typeof KINDS)[number], orientation: number | undefined): Promise<string> {
  const path = join(await temporaryFolder(), `a.${kind}`);
  const picture = sharp({ create: { width: 31, height: 20, channels: 3, background: 'red' } });
  await writeFile(
    path,
    await (orientation === undefined ? picture : picture.withMetadata({ orientation })).toFormat(kind).toBuffer(),
  );
  return path;
}

describe.each(KINDS)('the header of a %s file', (kind) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'gives the size of the upright image, with the EXIF orientation %i',
    async (orientation) => {
      const path = await imageOf(kind, orientation);
      const { autoOrient } = await sharp(path).metadata();
      expect(await readHeaderSize(path)).toEqual(autoOrient);
      if (kind !== 'jpeg') expect(await readExifOrientation(path, kind)).toBe(orientation);
    },
  );

  it('gives its size without a tag', async () => {
    expect(await readHeaderSize(await imageOf(kind, undefined))).toEqual({ width: 31, height: 20 });
  });
});

it('a file that ends early, or is none, is upright', async () => {
  const folder = await temporaryFolder();
  await writeFile(
    join(folder, 'cut.png'),
    (
      await sharp(await imageOf('png', 6))
        .png()
        .toBuffer()
    ).subarray(0, 20),
  );
  expect(await readExifOrientation(join(folder, 'cut.png'), 'png')).toBe(1);
  expect(await readExifOrientation(folder, 'webp')).toBe(1);
});
