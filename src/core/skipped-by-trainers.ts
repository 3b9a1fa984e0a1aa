import type { ViewImage } from './image.js';
import { endingOf } from './text.js';

const MIN_SIDE_PX = 10;

/** File name endings that Ultralytics and YOLOv5 look for, in lower case. */
const TRAINING_ENDINGS = new Set(['bmp', 'dng', 'jpeg', 'jpg', 'mpo', 'png', 'tif', 'tiff', 'webp', 'avif']);

/** Other endings of images that are named; a folder may have as many others as files. */
const NAMED_ENDINGS = new Set(['jfif', 'jpe', 'jif', 'jfi', 'pjpeg', 'pjp', 'apng', 'dib', 'gif', 'heic', 'heif']);

/** What files hold, whatever they are called, that training programs do not read. */
const SKIPPED_ENCODINGS = new Map([
  ['GIF', 'GIF'],
  ['AVIF', 'AVIF (read by newer versions)'],
  ['AVIF sequence', 'AVIF (read by newer versions)'],
  ['HEIC', 'HEIC'],
  ['float TIFF', 'TIFF with floating-point samples'],
]);

/**
 * Why common training programs leave an image out of a data set, or read it wrongly: in a few words, the same for all
 * images of a kind.
 *
 * @returns undefined for an image that they read.
 * @see https://docs.ultralytics.com/datasets/detect/ for the endings; content is checked too
 */
export function whySkippedByTrainers({
  name,
  width,
  height,
  encoding,
}: Pick<ViewImage, 'name' | 'width' | 'height' | 'encoding'>): string | undefined {
  const ending = endingOf(name);
  const held = encoding ?? (ending === 'gif' || ending === 'avif' ? ending.toUpperCase() : '');
  const byContent = SKIPPED_ENCODINGS.get(held);
  if (byContent !== undefined) return byContent;
  if (Math.min(width, height) < MIN_SIDE_PX) return `with a side below ${MIN_SIDE_PX} px`;
  if (TRAINING_ENDINGS.has(ending)) return undefined;
  if (ending === '') return 'without a file name ending';
  return NAMED_ENDINGS.has(ending) ? `ending in .${ending}` : 'with another file name ending';
}

/** One note for all of them, with counts; undefined when there is none. */
export function noteSkippedByTrainers(counts: Readonly<Record<string, number>>): string | undefined {
  const reasons = Object.entries(counts);
  if (reasons.length === 0) return undefined;
  const total = reasons.reduce((sum, [, images]) => sum + images, 0);
  const [what, them] = total === 1 ? ['1 annotated image', 'it'] : [`${total} annotated images`, 'them'];
  const listed = reasons.map(([reason, images]) => `${images} ${reason}`).join(', ');
  return (
    `Training programs such as Ultralytics leave out ${what}: ${listed}. ` +
    `Convert ${them} to JPEG or PNG of at least ${MIN_SIDE_PX} x ${MIN_SIDE_PX} px to train on ${them}.`
  );
}
