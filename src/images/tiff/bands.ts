import { numbersOf, textOf, type TiffPage } from './read-pages.js';
import { ADVICE, refusedTiffError } from './refusal.js';
import { PHOTOMETRIC, TAG } from './tags.js';

/** The bands of a picture: one, which is grey, or red, green and blue. */
export interface Bands {
  readonly chosen: readonly number[]; // from 0
  readonly isUsual: boolean; // libvips takes the same, without a warning
}

/**
 * Chooses the bands that are the picture. Three or four bands that are tagged as grey are red, green, blue and one
 * more: so they are written by programs that leave the tag at its default. Of more bands the first three are only the
 * picture where the file says so.
 *
 * @throws PreannotateError IMAGE_UNSUPPORTED
 */
export function chooseBands(page: TiffPage, { photometric, samples }: { photometric: number; samples: number }): Bands {
  const isRgb = photometric === PHOTOMETRIC.rgb;
  // libtiff warns, as of damage, where the list of further bands is missing.
  const isListed = numbersOf(page, TAG.extraSamples).length === samples - (isRgb ? 3 : 1);
  const described = readDescribedBands(page, samples);
  if (described !== undefined)
    return { chosen: described, isUsual: isListed && isRgb && samples <= 4 && isInOrder(described) };
  if (samples <= 2) return { chosen: [0], isUsual: isListed };
  if (isRgb || samples <= 4) return { chosen: [0, 1, 2], isUsual: isListed && isRgb && samples <= 4 };
  throw refusedTiffError(
    `it has ${samples} bands, and nothing says which of them are red, green and blue`,
    ADVICE.bands,
  );
}

/** The bands that GDAL's metadata call red, green and blue, if they name all three. */
function readDescribedBands(page: TiffPage, samples: number): number[] | undefined {
  const bands = new Map<string, number>();
  for (const [, attributes, role] of textOf(page, TAG.gdalMetadata).matchAll(
    /<Item\b([^>]*)>(Red|Green|Blue)<\/Item>/g,
  )) {
    const band = /\bsample="(\d+)"/.exec(attributes!);
    if (band !== null && /\brole="colorinterp"/.test(attributes!)) bands.set(role!, Number(band[1]));
  }
  const chosen = ['Red', 'Green', 'Blue'].map((role) => bands.get(role) ?? samples);
  return chosen.every((band) => band < samples) ? chosen : undefined;
}

function isInOrder(bands: readonly number[]): boolean {
  return bands.every((band, i) => band === i);
}
