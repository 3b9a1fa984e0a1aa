import { afterEach, describe, expect, it, vi } from 'vitest';
import { decodeImage } from '../../../src/images/decode.js';
import { MAX_HEADER_ENTRIES } from '../../../src/images/heic/heif-items.js';
import { sniff } from '../../../src/images/sniff.js';
import { composeHeif, gridOf, manyBoxes, manyReferences, QUARTER } from '../../support/heif/compose.js';

const LIMITS = { maxPixels: 1e6, strict: false };
const MANY = 6 * MAX_HEADER_ENTRIES;

afterEach(() => vi.restoreAllMocks());

/** Counts the numbers that are read from buffers. */
function countReads(): () => number {
  const spies = (['readUInt32BE', 'readUIntBE'] as const).map((name) => vi.spyOn(Buffer.prototype, name));
  return () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
}

describe('a HEIF file whose header has more entries than are read', () => {
  it.each([
    ['boxes in the file', manyBoxes(MANY)],
    ['boxes in meta', manyBoxes(MANY, 'meta')],
    ['items', manyBoxes(MANY, 'meta', 'iinf')],
    ['boxes of references', manyBoxes(MANY, 'meta', 'iref')],
    ['boxes in iprp', manyBoxes(MANY, 'meta', 'iprp')],
    ['properties', manyBoxes(MANY, 'meta', 'iprp', 'ipco')],
    ['references to parts', manyReferences(MANY, 'dimg')],
    ['pictures with properties', manyReferences(MANY, 'ipma')],
  ])('is refused with the limit, after reading no more than that: %s', async (_what, bytes) => {
    const reads = countReads();
    const limit = `(HEIF with more than ${MAX_HEADER_ENTRIES} boxes and references in its header)`;
    await expect(decodeImage(bytes, LIMITS)).rejects.toMatchObject({
      code: 'IMAGE_UNSUPPORTED',
      message: expect.stringContaining(limit) as string,
    });
    expect(reads()).toBeGreaterThan(MAX_HEADER_ENTRIES / 2);
    expect(reads()).toBeLessThan(2 * MAX_HEADER_ENTRIES);
  });

  it('is not one of a few entries less', () => {
    expect(sniff(manyBoxes(MAX_HEADER_ENTRIES - 10, 'meta', 'iprp', 'ipco')).kind).toBe('HEIC');
    expect(sniff(manyReferences(MAX_HEADER_ENTRIES - 10, 'dimg')).kind).toBe('HEIC');
  });
});

it('a photo of 48 tiles is read whole, and its header once', async () => {
  const photo = gridOf(8, 6);
  const bytes = composeHeif(photo, { primary: photo.length });
  sniff(bytes);
  const reads = countReads();
  sniff(bytes);
  const once = reads();
  const { width, height, degraded } = await decodeImage(bytes, LIMITS);
  expect({ width, height, degraded }).toEqual({ width: 8 * QUARTER.width, height: 6 * QUARTER.height });
  expect(once).toBeLessThan(MAX_HEADER_ENTRIES / 50);
  expect(reads() - once).toBeLessThan(2 * once);
});
