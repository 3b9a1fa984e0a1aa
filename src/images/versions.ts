import sharp from 'sharp';

/** Versions of the libraries that decode images. */
export function imageLibraries(): { sharp: string; vips: string } {
  return { sharp: sharp.versions.sharp, vips: sharp.versions.vips };
}
