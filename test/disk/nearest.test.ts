import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findNearest, findNearestPath } from '../../src/disk/nearest.js';
import { temporaryFolder } from '../support/temporary.js';

describe('the nearest word', () => {
  it.each([
    ['coc', ['coco', 'yolo'], 'coco'],
    ['YOLO', ['coco', 'yolo'], 'yolo'],
    ['ylol', ['coco', 'yolo'], undefined],
    ['yool', ['coco', 'yolo'], 'yolo'],
    ['voc', ['coco', 'yolo'], undefined],
    ['prompt', ['format', 'out'], undefined],
    ['name', ['nms', 'out'], undefined],
    ['score_treshold', ['score_floor', 'score_threshold'], 'score_threshold'],
    ['a', ['b'], undefined],
    ['', ['nms'], undefined],
  ])('to "%s" of %j is %s', (word, known, nearest) => {
    expect(findNearest(word, known)).toBe(nearest);
  });
});

describe('the nearest path', () => {
  it('replaces steps that are nearly those of an existing one, and keeps how it was written', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'fixtures/scenes'), { recursive: true });
    await writeFile(join(folder, 'fixtures/scenes/Photo.JPG'), '');
    const find = async (path: string) => (await findNearestPath(join(folder, path)))?.slice(folder.length + 1);
    expect(await find('fixtures/scene')).toBe('fixtures/scenes');
    expect(await find('fixture/scenes')).toBe('fixtures/scenes');
    expect(await find('fixtures/scenes/photo.jpg')).toBe('fixtures/scenes/Photo.JPG');
    expect(await find('fixture/scene')).toBe('fixtures/scenes');
    expect(await find('fixture/scene/photo.jpg')).toBeUndefined();
    expect(await find('fixtures/holiday')).toBeUndefined();
    expect(await find('fixture/holiday')).toBeUndefined();
    expect(await findNearestPath('fixtures/scene')).toBe('fixtures/scenes');
    expect(await findNearestPath('./fixtures/scene/')).toBe('fixtures/scenes');
  });
});
