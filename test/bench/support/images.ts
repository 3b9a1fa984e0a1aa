import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import sharp from 'sharp';
import { withComment } from '../../support/other-bytes.js';
import { Random } from '../../support/random.js';

export const PHOTO = { width: 1280, height: 960 };

/** Layers of noise from coarse to fine, as photographs have more contrast in the large than in the small. */
const LAYERS = [
  { cell: 160, contrast: 70 },
  { cell: 40, contrast: 40 },
  { cell: 8, contrast: 22 },
  { cell: 2, contrast: 9 },
];
const QUALITY = 85;

/**
 * Writes photo-like JPEGs of 1280x960, 150 to 400 kB each; the same for the same count.
 *
 * @returns Their paths, in order.
 */
export async function writePhotos(folder: string, count: number): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (let i = 0; i < count; i++) {
    const path = join(folder, `photo-${String(i).padStart(4, '0')}.jpg`);
    await writeFile(path, await photo(new Random(i)));
    paths.push(path);
  }
  return paths;
}

/** So many copies of these files, no two of them with the same bytes. @returns The folder, made for them. */
export async function copyMany(files: readonly string[], count: number, folder: string): Promise<string> {
  await mkdir(folder);
  const contents = await Promise.all(files.map((file) => readFile(file)));
  for (let i = 0; i < count; i++) {
    const name = `${String(i).padStart(6, '0')}${extname(files[i % files.length]!)}`;
    await writeFile(join(folder, name), withComment(contents[i % files.length]!, `image ${i}`));
  }
  return folder;
}

async function photo(random: Random): Promise<Buffer> {
  const { width, height } = PHOTO;
  const sum = new Float32Array(width * height * 3).fill(128);
  for (const { cell, contrast } of LAYERS) {
    const noise = await noiseLayer(random, cell);
    for (let i = 0; i < sum.length; i++) sum[i]! += ((noise[i]! - 128) / 128) * contrast;
  }
  const pixels = Uint8ClampedArray.from(sum);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: QUALITY })
    .toBuffer();
}

/** One random colour a cell, smoothly enlarged: [H, W, 3]. */
async function noiseLayer(random: Random, cell: number): Promise<Buffer> {
  const raw = { width: PHOTO.width / cell, height: PHOTO.height / cell, channels: 3 } as const;
  const colours = Uint8Array.from({ length: raw.width * raw.height * 3 }, () => 128 + 127 * random.uniform());
  return sharp(colours, { raw }).resize(PHOTO.width, PHOTO.height, { kernel: 'cubic' }).raw().toBuffer();
}
