import { offsetsOf, readPages } from '../tiff/read-pages.js';
import { cut, damaged, type Finding } from './finding.js';

/** Tags that hold where the picture data is, and how long each of its parts is. */
const PART_TAGS = [
  { offsets: 273, lengths: 279 }, // strips
  { offsets: 324, lengths: 325 }, // tiles
] as const;

/** Files in use have at most tens of thousands; a list can claim to be as long as the file. */
const MAX_PARTS = 1_000_000;

/** Looks into the first directory of a TIFF or BigTIFF for data beyond the end of the file. @see TIFF 6.0 */
export function* inspectTiffDamage(bytes: Buffer): Generator<Finding, void, undefined> {
  const page = readPages(bytes)?.main[0];
  if (page === undefined) return yield cut('before the end of its first directory of tags');
  for (const { offsets, lengths } of PART_TAGS) {
    const starts = offsetsOf(page, offsets);
    if (starts === undefined) continue;
    const sizes = offsetsOf(page, lengths);
    if (starts === 'outside' || sizes === 'outside') return yield cut('before the end of its tags');
    const looked = Math.min(starts.count, MAX_PARTS);
    let missing = 0;
    for (let i = 0; i < looked; i++) if (starts.at(i) + (sizes?.at(i) ?? 0) > bytes.length) missing++;
    const parts = looked < starts.count ? `the first ${looked}` : looked;
    if (missing > 0) yield cut(`in its picture data (${missing} of ${parts} parts are beyond the end)`);
    return;
  }
  yield damaged('its first directory of tags does not hold where its picture data is');
}
