import { describe, expect, it } from 'vitest';
import { decodePack, encodePack, type GalleryPack } from '../../../src/core/gallery/pack.js';

const PACK: GalleryPack = {
  facts: {
    title: 'drafts',
    run: [['model', 'builtin:emoji']],
    classes: [{ name: 'Tasse ☕', threshold: 0.3 }],
    prompts: [{ text: 'a cup', class: 0 }],
    selection: { nmsIou: [0.5], classAgnosticNms: false, maxDetections: 300 },
    scoreFloor: 0.05,
    images: { ids: [1, 2], names: ['a.jpg', 'b.jpg'], widths: [9, 9], heights: [9, 9], groups: [0, 0], degraded: [] },
    failures: [],
  },
  boxes: {
    starts: Uint32Array.of(0, 2, 3),
    scores: Uint32Array.of(99_999, 31_000, 5_001),
    patches: Uint32Array.of(4, 500_000, 0),
    corners: Uint32Array.of(0, 0, 100, 150, 1, 2, 3, 4, 6_553_500, 0, 6_553_501, 7),
    classes: Uint16Array.of(0, 0, 0),
    prompts: Uint16Array.of(0, 65_535, 0),
  },
};

describe('a pack', () => {
  it('can be read back, also from the middle of a buffer', () => {
    const bytes = encodePack(PACK);
    expect(decodePack(bytes)).toEqual(PACK);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodePack(shifted.subarray(3))).toEqual(PACK);
  });

  it('that was cut off, or is something else, is refused', () => {
    const bytes = encodePack(PACK);
    for (const length of [0, 15, bytes.length - 1]) expect(() => decodePack(bytes.slice(0, length))).toThrow();
    expect(() => decodePack(new TextEncoder().encode('<!doctype html><html>'))).toThrow(/another version/);
  });
});
