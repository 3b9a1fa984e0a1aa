import { describe, expect, it } from 'vitest';
import { PairedNames, type PairingRule } from '../../src/formats/paired-names.js';
import { oddNames, randomNumbers } from './views.js';

const YOLO: PairingRule = { view: 'yolo', ending: '.txt', replacesImages: true };

function placesOf(...names: string[]) {
  const given = new PairedNames(YOLO);
  return names.map((name) => given.of(name));
}

describe('places of images in the YOLO tree', () => {
  it('are the names themselves where possible', () => {
    const names = ['a.jpg', 'deep/er/a.tar.jpg', ' -#%41é😀\\.PNG', 'image/Images/labels/x.jpg'];
    expect(placesOf(...names).map(({ image }) => image)).toEqual(names);
    expect(placesOf(...names).map(({ label }) => label)).toEqual([
      'a.txt',
      'deep/er/a.tar.txt',
      ' -#%41é😀\\.txt',
      'image/Images/labels/x.txt',
    ]);
  });

  it('differ for names that differ only in extension, capitals or the form of an accent', () => {
    expect(placesOf('a.jpg', 'a.png', 'a.webp', 'A.JPG', 'a__png.jpg')).toEqual([
      { image: 'a.jpg', label: 'a.txt' },
      { image: 'a__png.png', label: 'a__png.txt' },
      { image: 'a__webp.webp', label: 'a__webp.txt' },
      { image: 'A__JPG.JPG', label: 'A__JPG.txt' },
      { image: 'a__png__jpg.jpg', label: 'a__png__jpg.txt' },
    ]);
    expect(placesOf('e\u0301.jpg', '\u00e9.jpg')[1]!.image).toBe('\u00e9__jpg.jpg');
    expect(placesOf('Sub/a.jpg', 'sub/a.jpg')[1]!.image).toBe('sub/a__jpg.jpg');
  });

  it('have no folder that readers take for the images, or that takes the place of a label', () => {
    expect(placesOf('images/images/a.jpg')[0]!.image).toBe('images_/images_/a.jpg');
    expect(placesOf('a.jpg', 'a.txt/b.jpg').map(({ label }) => label)).toEqual(['a.txt', 'a.txt_/b.txt']);
    expect(placesOf('images.jpg', 'images')).toMatchObject([{ image: 'images.jpg' }, { image: 'images__' }]);
  });

  it('have one stem for image and label, also where a short extension leaves more room than ".txt"', () => {
    const stem = 'y'.repeat(252);
    const [place] = placesOf(`${stem}.gf`);
    expect(place!.image).toMatch(/^y+~[0-9a-f]{8}\.gf$/);
    expect(place!.label).toBe(place!.image.replace('.gf', '.txt'));
  });

  it.each([1, 2, 3, 4, 5])('are all different, paired, printable and at most 255 bytes a part (seed %i)', (seed) => {
    const names = oddNames(400, randomNumbers(seed));
    const places = placesOf(...names);
    const fold = (path: string) => path.normalize('NFC').toLowerCase();
    expect(new Set(places.map(({ image }) => fold(image))).size).toBe(names.length);
    expect(new Set(places.map(({ label }) => fold(label))).size).toBe(names.length);
    const folders = new Set(
      places.flatMap(({ label }) => label.split('/').map((_, i, parts) => parts.slice(0, i).join('/'))),
    );
    for (const { image, label } of places) {
      expect(`${image.slice(0, image.lastIndexOf('.'))}.txt`).toBe(label);
      expect(image.split('/').slice(0, -1)).not.toContain('images');
      expect(folders).not.toContain(label);
      expect(`${image}${label}`).not.toMatch(/[\p{Cc}\u2028\u2029\ufffd]/u);
      for (const part of [...image.split('/'), ...label.split('/')])
        expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255);
    }
  });

  it('stay the same while an image before them is left out', () => {
    const names = new PairedNames(YOLO);
    names.reserve('images/a.jpg');
    expect(names.of('images/a.png')).toEqual(placesOf('images/a.jpg', 'images/a.png')[1]);
    expect(names.notes.join()).toContain('1 image called');
    expect(names.notes.join()).toContain('1 image in a folder'); // those that are left out are not counted
  });

  it('are the same for the same list', () => {
    const names = oddNames(200, randomNumbers(9));
    expect(placesOf(...names)).toEqual(placesOf(...names));
  });
});
