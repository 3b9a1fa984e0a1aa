import { execFile, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Why HEIC files cannot be made here, if so. */
export const NO_HEIC_ENCODER =
  spawnSync('heif-enc', ['--help']).error === undefined ? undefined : 'heif-enc is missing';

/** Encodes a JPEG as HEIC, almost without loss. */
export async function encodeHeic(jpeg: string, heic: string): Promise<void> {
  await promisify(execFile)('heif-enc', ['-q', '95', jpeg, '-o', heic]);
}

/** Has the decoder turn the picture by 90 degrees, clockwise, as phones that were held upright store it. */
export async function turnHeic(heic: string): Promise<void> {
  const bytes = await readFile(heic);
  const at = bytes.indexOf('pixi'); // a property of as many bytes, which no decoder needs
  bytes.write('irot', at);
  bytes[at + 4] = 3; // times 90 degrees, anticlockwise
  await writeFile(heic, bytes);
}
