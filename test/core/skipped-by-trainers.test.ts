import { describe, expect, it } from 'vitest';
import { noteSkippedByTrainers, whySkippedByTrainers } from '../../src/core/skipped-by-trainers.js';

function reasonFor(name: string, { encoding, side = 100 }: { encoding?: string; side?: number } = {}) {
  const image = { name, width: 640, height: side };
  return whySkippedByTrainers(encoding === undefined ? image : { ...image, encoding });
}

describe('an image that training programs leave out', () => {
  it.each([
    ['photo.gif', { encoding: 'GIF' }, 'GIF'],
    ['photo.jpg', { encoding: 'GIF' }, 'GIF'],
    ['photo.avif', { encoding: 'AVIF' }, 'AVIF (read by newer versions)'],
    ['photo.png', { encoding: 'AVIF sequence' }, 'AVIF (read by newer versions)'],
    ['heights.tif', { encoding: 'float TIFF' }, 'TIFF with floating-point samples'],
    ['line.jpg', { encoding: 'JPEG', side: 9 }, 'with a side below 10 px'],
    ['a/b.c/photo.jfif', { encoding: 'JPEG' }, 'ending in .jfif'],
    ['frame.000123', { encoding: 'JPEG' }, 'with another file name ending'],
    ['a.b/3f2a9c', { encoding: 'JPEG' }, 'without a file name ending'],
  ])('%s, %j', (name, image, reason) => {
    expect(reasonFor(name, image)).toBe(reason);
  });

  it.each([
    ['photo.JPG', { encoding: 'JPEG' }],
    ['photo.jpg', { encoding: 'JPEG', side: 10 }],
    ['scan.tiff', { encoding: 'TIFF' }],
    ['photo.webp', { encoding: 'WebP' }],
    ['photo.jpg', { encoding: 'PNG' }],
  ])('is not %s, %j', (name, image) => {
    expect(reasonFor(name, image)).toBeUndefined();
  });

  it('is recognised by its name in journals that do not have what a file holds', () => {
    expect(reasonFor('photo.gif')).toBe('GIF');
    expect(reasonFor('photo.avif')).toBe('AVIF (read by newer versions)');
    expect(reasonFor('photo.jpg')).toBeUndefined();
  });
});

describe('the note', () => {
  it('counts images by reason', () => {
    expect(noteSkippedByTrainers({ GIF: 2, 'with a side below 10 px': 1 })).toBe(
      'Training programs such as Ultralytics leave out 3 annotated images: 2 GIF, 1 with a side below 10 px. ' +
        'Convert them to JPEG or PNG of at least 10 x 10 px to train on them.',
    );
  });

  it('is not there when there is nothing to count', () => {
    expect(noteSkippedByTrainers({})).toBeUndefined();
  });
});
