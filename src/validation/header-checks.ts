import type { FormatName } from '../formats/index.js';
import { uprightSizeOf } from '../images/header-size.js';
import type { LocatedImage } from './check.js';
import type { Mistake } from './findings.js';
import type { ImageFiles } from './image-files.js';
import { RULES } from './rules/rules.js';

/** EXIF orientations that readers agree on, in a JPEG: turned by a quarter. */
const AGREED = [1, 6, 8];

/** Compares what is stated of an image with the header of its file. */
export async function checkHeader(
  image: LocatedImage,
  { format, files }: { format: FormatName; files: ImageFiles },
): Promise<readonly Mistake[]> {
  const { name, width, height, file, line, path } = image;
  if (!files.arePresent) return [];
  const place = { file, line };
  const header = path === undefined ? 'missing' : await files.header(path);
  if (header === 'missing') return [{ rule: 'image-missing', ...place, problem: `names ${name}, which is not there` }];
  if (header === 'unreadable')
    return [{ rule: 'image-unreadable', ...place, problem: `names ${name}, which is not a supported image` }];
  const upright = uprightSizeOf(header);
  const statesSize = (RULES['image-size'].formats as readonly string[]).includes(format);
  if (statesSize && width !== undefined && (width !== upright.width || height !== upright.height)) {
    const isStored = width === header.width && height === header.height;
    const is = `${upright.width} x ${upright.height}`;
    const problem = `states ${width} x ${height} px for ${name}, which is ${is}${isStored ? ' once it is turned' : ''}`;
    return [{ rule: isStored ? 'image-size-stored' : 'image-size', ...place, problem }];
  }
  if (AGREED.includes(header.orientation) && (header.orientation === 1 || header.type === 'jpg')) return [];
  const problem = `names ${name}, with the EXIF orientation ${header.orientation} (${header.type})`;
  return [{ rule: 'image-turned', ...place, problem }];
}
