import { isUtf8 } from 'node:buffer';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Failure } from '../../core/errors.js';
import { printable } from '../../core/text.js';

/** What Node substitutes for bytes of a name that are not UTF-8. A valid name may contain it as well. */
export const REPLACEMENT_CHARACTER = '\ufffd';

/** A file that may be an image. */
interface Named {
  readonly name: string; // relative to the run's root
}

/**
 * Separates files whose names are not valid UTF-8: they cannot be opened by the name that Node returns, and two of them
 * may have the same one.
 *
 * @param root - Absolute folder that the names are relative to.
 * @returns The images that can be opened, and a failure for each file that cannot, the bytes of its name written as
 *   \xNN.
 */
export async function separateInvalidNames(
  images: readonly Named[],
  root: string,
): Promise<{ readable: Named[]; invalid: { name: string; failure: Failure }[] }> {
  const readable = images.filter(({ name }) => !name.includes(REPLACEMENT_CHARACTER));
  const invalid: { name: string; failure: Failure }[] = [];
  const suspects = new Map<string, string[]>(); // names, by their folders
  for (const { name } of images) {
    if (!name.includes(REPLACEMENT_CHARACTER)) continue;
    const folder = dirname(join(root, name));
    const inFolder = suspects.get(folder);
    if (inFolder === undefined) suspects.set(folder, [name]);
    else inFolder.push(name);
  }
  for (const [folder, given] of suspects) {
    const onDisk = await readNamesAsBytes(folder);
    for (const name of given) {
      const known = onDisk.get(basename(name)) ?? [];
      // If it is gone, reading it will fail.
      if (known.length === 0 || known.some((bytes) => isUtf8(bytes))) readable.push({ name });
      for (const bytes of known)
        if (!isUtf8(bytes)) invalid.push(invalidNameFailure({ name, path: join(root, name) }, bytes));
    }
  }
  return { readable, invalid };
}

/** The names in a folder as bytes, by the text that Node decodes them to. */
async function readNamesAsBytes(folder: string): Promise<ReadonlyMap<string, Buffer[]>> {
  const names = new Map<string, Buffer[]>();
  try {
    for (const bytes of await readdir(folder, { encoding: 'buffer' })) {
      const name = bytes.toString();
      if (!name.includes(REPLACEMENT_CHARACTER)) continue;
      const same = names.get(name);
      if (same === undefined) names.set(name, [bytes]);
      else same.push(bytes);
    }
  } catch {
    // It was listed a moment ago; reading its images will report what is wrong now.
  }
  return names;
}

function invalidNameFailure(
  { name, path }: { name: string; path: string },
  bytes: Buffer,
): { name: string; failure: Failure } {
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
