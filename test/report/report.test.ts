import { expect, it } from 'vitest';
import type { GalleryPack } from '../../src/core/gallery/pack.js';
import { folderFrom, toLink } from '../../src/gallery/image-links.js';
import { uncertainFirst } from '../../src/report/uncertain-first.js';

it('images come first in which a score is near the threshold of its class; those without boxes come last', () => {
  const pack = {
    facts: {
      classes: [
        { name: 'a', threshold: 0.5 },
        { name: 'b', threshold: 0.1 },
      ],
      images: { ids: [1, 2, 3, 4] },
    },
    boxes: {
      starts: Uint32Array.of(0, 1, 1, 3, 4),
      scores: Uint32Array.of(90_000, 80_000, 45_000, 11_000),
      classes: Uint16Array.of(0, 0, 0, 1),
    },
  } as unknown as GalleryPack;
  expect(uncertainFirst(pack)).toEqual([3, 2, 0, 1]);
});

it('links are relative, and names are escaped', () => {
  expect(folderFrom('/a/run/report.html', '/a/photos')).toBe('../photos');
  expect(folderFrom('/a/photos/report.html', '/a/photos')).toBe('.');
  expect(toLink('../photos/x #1/ü?\ud800.jpg')).toBe('../photos/x%20%231/%C3%BC%3F%EF%BF%BD.jpg');
});
