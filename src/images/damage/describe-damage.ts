import type { Finding, Inspect } from './finding.js';
import { inspectGif } from './gif.js';
import { inspectHeic, inspectHeif } from './heif.js';
import { inspectJpeg } from './jpeg.js';
import { inspectPng } from './png.js';
import { inspectTiffDamage } from './tiff.js';
import { inspectWebp } from './webp.js';

/** Why a file was not decoded, or only with warnings. */
export interface Damage {
  readonly reason: string; // the end of a sentence; "it" is the image
  readonly advice: string;
  readonly isUnsupported: boolean; // the file may be sound
}

interface Format {
  readonly inspect: Inspect;
  readonly unseen: string; // damage that the structure of a file does not show
}

const COMPRESSED = 'its compressed data is damaged or incomplete';
const HEIF = { inspect: inspectHeif, unseen: 'its boxes or its compressed data are damaged' };
const TIFF = { inspect: inspectTiffDamage, unseen: 'its tags or its compressed data are damaged, or of a rare kind' };

/** By the kind that was recognised. */
const FORMATS: Readonly<Record<string, Format>> = {
  JPEG: { inspect: inspectJpeg, unseen: COMPRESSED },
  PNG: { inspect: inspectPng, unseen: 'its compressed data or one of its chunks is damaged' },
  GIF: { inspect: inspectGif, unseen: COMPRESSED },
  WebP: { inspect: inspectWebp, unseen: COMPRESSED },
  TIFF,
  BigTIFF: TIFF,
  AVIF: HEIF,
  'AVIF sequence': HEIF,
  HEIF,
  HEIC: { inspect: inspectHeic, unseen: COMPRESSED },
};

const FETCH_AGAIN = 'Copy or download it again.';
const LOOK_AT_IT =
  'Open it in an image viewer: if it looks right there, save it again as PNG or JPEG, else copy or download it again.';

/**
 * Finds out what is wrong with a file from its bytes alone, so that the reason is the same in every run. What libvips
 * reports cannot be used: see `libvips.ts`.
 *
 * @param kind - The recognised type of the file.
 * @param decodes - It can be decoded when warnings are ignored.
 */
export function describeDamage(bytes: Buffer, kind: string, { decodes }: { decodes: boolean }): Damage {
  const format = FORMATS[kind];
  const found = format === undefined ? undefined : findFirst(format.inspect(bytes), decodes);
  if (found === undefined) {
    const isUnsupported = kind === 'HEIF';
    return { reason: format?.unseen ?? COMPRESSED, advice: LOOK_AT_IT, isUnsupported };
  }
  const isUnsupported = found.kind === 'unsupported';
  return { reason: found.reason, advice: isUnsupported ? 'Convert it to JPEG or PNG.' : FETCH_AGAIN, isUnsupported };
}

/** The decoder stops at the first finding that is more than odd. */
function findFirst(findings: Iterable<Finding>, decodes: boolean): Finding | undefined {
  for (const finding of findings) if (decodes || finding.kind !== 'odd') return finding;
  return undefined;
}
