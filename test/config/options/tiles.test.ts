import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/load.js';
import { RunConfig } from '../../../src/config/schema.js';
import { temporaryFolder } from '../../support/temporary.js';

interface Given {
  readonly flag?: string | false;
  readonly environment?: Record<string, string>;
  readonly config?: string;
}

async function settingsOf({ flag, environment = {}, config = '' }: Given) {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'preannotate.yaml'), config);
  const flags = flag === undefined ? {} : { tiles: flag };
  return (await loadSettings({ schema: RunConfig, flags, environment, cwd })).settings;
}

const tilesOf = async (given: Given) => (await settingsOf(given)).tiles;

describe('tiles', () => {
  it.each<[string, Given, object]>([
    ['a flag with a number', { flag: '640' }, { height: 640, width: 640, overlap: 0.2, fullImage: true }],
    ['a flag with height and width', { flag: '480,640' }, { height: 480, width: 640, overlap: 0.2, fullImage: true }],
    [
      'a flag with everything',
      { flag: 'size=640, overlap=0.35, full-image=no' },
      { height: 640, width: 640, overlap: 0.35, fullImage: false },
    ],
    [
      'a variable',
      { environment: { PREANNOTATE_TILES: '640,480,overlap=0' } },
      { height: 640, width: 480, overlap: 0, fullImage: true },
    ],
    [
      'a config file',
      { config: 'tiles:\n  size: [480, 640]\n  overlap: 0.25\n  full_image: false' },
      { height: 480, width: 640, overlap: 0.25, fullImage: false },
    ],
    [
      'a config file that gives only the size',
      { config: 'tiles: { size: 512 }' },
      { height: 512, width: 512, overlap: 0.2, fullImage: true },
    ],
  ])('%s is understood', async (_what, given, expected) => {
    expect(await tilesOf(given)).toEqual(expected);
  });

  it('are off by default, and can be turned off where a file turns them on', async () => {
    const config = 'tiles: { size: 512 }';
    expect(await settingsOf({})).not.toHaveProperty('tiles');
    expect(await settingsOf({ flag: false, config })).not.toHaveProperty('tiles');
    expect(await settingsOf({ environment: { PREANNOTATE_TILES: 'off' }, config })).not.toHaveProperty('tiles');
  });

  it.each<[string, Given, string]>([
    ['--tiles must be the size of a tile in pixels', { flag: 'large' }, 'not "large"'],
    ['--tiles must be at least 32', { flag: '8' }, 'not 8'],
    ['--tiles must be at most 0.8', { flag: '640,overlap=0.95' }, 'not 0.95'],
    ['--tiles: unknown key "overlapp"', { flag: '640,overlapp=0.1' }, 'Did you mean "overlap"?'],
    [
      'preannotate.yaml:3:11: tiles.overlp: unknown key "overlp"',
      { config: 'tiles:\n  size: 640\n  overlp: 0.1' },
      'Did you mean "overlap"?',
    ],
    ['preannotate.yaml:2:12: tiles.overlap must be a number', { config: 'tiles:\n  overlap: much' }, 'not "much"'],
    [
      'max_pixels is 2000000000, but images that are cut into tiles may have 715000000 pixels at most.',
      { flag: '640', config: 'max_pixels: 2000000000' },
      'Lower max_pixels',
    ],
  ])('%s', async (message, given, more) => {
    const error = await settingsOf(given).then(
      () => undefined,
      (reason: unknown) => reason as { code: string; message: string; hint: string },
    );
    expect(error?.code).toBe('CONFIG_INVALID');
    expect(error?.message).toContain(message);
    expect(`${error?.message}\n${error?.hint}`).toContain(more);
  });
});
