import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { SCENES } from '../../../support/cli.js';
import { withComment } from '../../../support/other-bytes.js';

const CROPS = 8; // of each scene
const SIDES = { width: 256, height: 192 };
const PER_FOLDER = 1000;
const AT_ONCE = 16;

/**
 * Writes so many small JPEGs of parts of the shipped scenes. No two files have the same bytes: each has a comment of
 * its own. A folder that is there already is used as it is.
 */
export async function generateImages(folder: string, count: number): Promise<void> {
  if (await exists(folder)) return;
  const begun = `${folder}.begun`;
  await rm(begun, { recursive: true, force: true });
  const pictures = await cropScenes();
  for (let start = 0; start < count; start += PER_FOLDER) {
    const part = join(begun, `part-${String(start / PER_FOLDER).padStart(4, '0')}`);
    await mkdir(part, { recursive: true });
    for (let i = start; i < Math.min(count, start + PER_FOLDER); i += AT_ONCE) {
      const last = Math.min(count, start + PER_FOLDER, i + AT_ONCE);
      const numbers = Array.from({ length: last - i }, (_, k) => i + k);
      await Promise.all(
        numbers.map(async (number) => {
          const bytes = withComment(pictures[number % pictures.length]!, `image ${number}`);
          await writeFile(join(part, `image-${String(number).padStart(7, '0')}.jpg`), bytes);
        }),
      );
    }
  }
  await rename(begun, folder);
}

async function cropScenes(): Promise<Buffer[]> {
  const names = (await readdir(SCENES)).filter((name) => /\.(jpg|png|webp)$/.test(name));
  const pictures: Buffer[] = [];
  for (const name of names) {
    const { data, info } = await sharp(join(SCENES, name)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const size = { width: Math.min(width, SIDES.width), height: Math.min(height, SIDES.height) };
    for (let i = 0; i < CROPS; i++) {
      const left = Math.floor(((width - size.width) * (i % 4)) / 3);
      const top = i < 4 ? 0 : height - size.height;
      const crop = sharp(data, { raw: { width, height, channels } }).extract({ left, top, ...size });
      pictures.push(await crop.jpeg({ quality: 80 - i }).toBuffer());
    }
  }
  return pictures;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
