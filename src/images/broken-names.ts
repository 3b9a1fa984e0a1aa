import { isUtf8 } from 'node:buffer';
import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Failure } from '../core/errors.js';
import type { ImageFile } from '../core/image.js';
import { printable } from '../core/text.js';

/** What Node puts for bytes of a name that are not UTF-8. A name may also really have it. */
export const REPLACEMENT = '\ufffd';

/**
 * Sorts out names that are not UTF-8: the file cannot be opened by the name that Node gives it, and two files may be given
 * the same one.
 *
 * @returns The images that can be opened, and a failure for each file that cannot, its name's bytes written as \xNN.
 */
export async function withoutBrokenNames(
  images: readonly ImageFile[],
): Promise<{ readable: ImageFile[]; broken: { name: string; failure: Failure }[] }> {
  const readable = images.filter(({ name }) => !name.includes(REPLACEMENT));
  const broken: { name: string; failure: Failure }[] = [];
  const suspects = new Map<string, ImageFile[]>();
  for (const image of images) {
    if (!image.name.includes(REPLACEMENT)) continue;
    const folder = dirname(image.path);
    suspects.set(folder, [...(suspects.get(folder) ?? []), image]);
  }
  for (const [folder, given] of suspects) {
    const onDisk = await bytesOfNames(folder);
    for (const image of given) {
      const known = onDisk.get(basename(image.path)) ?? [];
      if (known.length === 0 || known.some((bytes) => isUtf8(bytes))) readable.push(image); // gone? reading it will say so
      for (const bytes of known) if (!isUtf8(bytes)) broken.push(failureOf(image, bytes));
    }
  }
  return { readable, broken };
}

/** The names of a folder as bytes, by what Node makes of them. */
async function bytesOfNames(folder: string): Promise<ReadonlyMap<string, Buffer[]>> {
  const names = new Map<string, Buffer[]>();
  try {
    for (const bytes of await readdir(folder, { encoding: 'buffer' })) {
      const name = bytes.toString();
      if (name.includes(REPLACEMENT)) names.set(name, [...(names.get(name) ?? []), bytes]);
    }
  } catch {
    // It was listed a moment ago. Reading its images will say what is wrong now.
  }
  return names;
}

function failureOf({ name, path }: ImageFile, bytes: Buffer): { name: string; failure: Failure } {
  const escaped = bytes
    .toString('latin1')
    .replaceAll(/[^\x20-\x7e]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const inFolder = (whole: string) => whole.slice(0, whole.length - basename(path).length) + escaped;
  return {
    name: inFolder(name),
    failure: {
      code: 'IMAGE_UNREADABLE',
      message: `${printable(inFolder(path))}: the name is not valid UTF-8, so the file cannot be opened.`,
      hint: 'Rename the file, for example with `convmv -f latin1 -t utf8`.',
    },
  };
}
