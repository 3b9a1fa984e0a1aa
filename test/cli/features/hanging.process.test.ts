import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { ROOT } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

const HANGING = {
  env: { NODE_OPTIONS: `--import=${pathToFileURL(join(ROOT, 'test/faults/hang.mjs')).href}` },
};

/** A folder of images that are not alike, and what runs over it. */
async function scenes(names: readonly string[]) {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'images'));
  for (const [i, name] of names.entries()) {
    await copyFile(join(SCENES, `scene-0${i + 1}.jpg`), join(folder, 'images', name));
  }
  const args = (features: string, out: string) => {
    const stored = ['--features', join(folder, features), '--out', join(folder, out)];
    return ['run', join(folder, 'images'), ...EMOJI, ...stored];
  };
  const lines = async (out: string) => {
    const journal = await readFile(join(folder, out, 'detections.jsonl'), 'utf8');
    return journal.split('\n').slice(1, -1).sort();
  };
  return { folder, args, lines };
}

describe('with --features', () => {
  it('an image that cannot be read in time fails alone, and its worker does not count as crashed', async () => {
    const { folder, args, lines } = await scenes(['a.jpg', 'hang.jpg', 'c.jpg']);
    const { code } = await preannotate(args('features', 'out'), HANGING);
    expect(code).toBe(3);
    const error = JSON.parse(await readFile(join(folder, 'out', 'errors.jsonl'), 'utf8')) as object;
    expect(error).toMatchObject({ image: 'hang.jpg', code: 'IMAGE_TIMEOUT' });
    expect(await lines('out')).toHaveLength(2);
  });

  it('a folder of features that does not answer costs time and no image', async () => {
    const { args, lines } = await scenes(['a.jpg', 'b.jpg', 'c.jpg']);
    expect((await preannotate(args('hang', 'first'))).code).toBe(0);
    const { code, stderr } = await preannotate(args('hang', 'second'), HANGING);
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/hang has not answered for 30 s/),
    });
    expect(await lines('second')).toEqual(await lines('first'));
  });
});
