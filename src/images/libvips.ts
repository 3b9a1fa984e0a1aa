import sharp from 'sharp';

// libvips caches by file name, and every worker has its own core.
sharp.cache(false);
sharp.concurrency(1);
// libvips opens far more than images, including formats that read other files or take minutes to render (SVG).
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpeg',
    'VipsForeignLoadPng',
    'VipsForeignLoadWebp',
    'VipsForeignLoadTiff',
    'VipsForeignLoadNsgif',
    'VipsForeignLoadHeif',
  ],
});

/** Versions of the libraries that decode images. */
export function imageLibraryVersions(): { sharp: string; vips: string } {
  return { sharp: sharp.versions.sharp, vips: sharp.versions.vips };
}

/**
 * Waits for an operation of libvips.
 *
 * The text of its errors is dropped, and must never be shown. libvips has one error buffer for the whole process, and
 * sharp one queue of warnings: operations that run at the same time write to them, read them and clear them, so a text
 * may be about another image, about several, or left over from an earlier one. Whether an operation succeeds does not
 * depend on others.
 *
 * @returns undefined when it fails, or warns where warnings count as failures.
 * @see `vips_error_buffer` in libvips, `VipsWarningPop` in sharp's src/common.cc
 */
export async function settle<Result extends object>(operation: Promise<Result>): Promise<Result | undefined> {
  return operation.catch(() => undefined);
}

/** Waits for an operation that only fails where memory runs out. @throws Error */
export async function complete<Result extends object>(what: string, operation: Promise<Result>): Promise<Result> {
  const result = await settle(operation);
  if (result === undefined) throw new Error(`libvips could not ${what}, probably because memory is short`);
  return result;
}
