import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildOntology, labelOf, type Example } from '../../../src/core/ontology.js';
import { listExamplePictures } from '../../../src/workers/previews/example-pictures.js';
import { ImageHashes } from '../../../src/workers/previews/image-hashes.js';
import { temporaryFolder } from '../../support/temporary.js';

const MB = 1024 ** 2;

/** Examples in images of some bytes, and a function that lists their pictures. */
async function prepared({ images, boxes, bytes }: { images: number; boxes: number; bytes: number }) {
  const folder = await temporaryFolder();
  const examples: Example[] = [];
  for (let i = 0; i < images; i++) {
    const image = `${i}.jpg`;
    const content = Buffer.alloc(bytes, i);
    await writeFile(join(folder, image), content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    for (let x = 0; x < boxes; x++) examples.push({ image, sha256, box: [x, 0, x + 10, 10] });
  }
  const classes = [{ name: 'cup', id: 1, prompts: [], examples }];
  const ontology = buildOntology({ templates: [], classes, ignore: [] });
  const seen = examples.map((example) => ({ example: labelOf(example), box: example.box!, iou: 1 }));
  const hashes = new ImageHashes();
  const drawable = async (signal?: AbortSignal, maxBytes = 100 * MB) => {
    const pictures = await listExamplePictures(ontology, { folder, seen }, { hashes, maxBytes, signal });
    expect(pictures).toHaveLength(examples.length);
    return pictures.filter(({ request }) => request !== undefined).length;
  };
  return { folder, drawable };
}

/** How many bytes this process has read, from the cache of the system too. */
function countRead(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))![1]);
}

function countOpen(folder: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false; // closed meanwhile
    }
  }).length;
}

describe('the pictures of examples', () => {
  it.runIf(process.platform === 'linux')(
    'read an image of many boxes once, and again only when it changes',
    async () => {
      const { folder, drawable } = await prepared({ images: 1, boxes: 50, bytes: 4 * MB });
      const before = countRead();
      expect(await drawable()).toBe(50);
      const once = countRead();
      expect(once - before).toBeGreaterThanOrEqual(4 * MB);
      expect(once - before).toBeLessThan(6 * MB);
      expect(await drawable()).toBe(50);
      expect(countRead() - once).toBeLessThan(MB);
      await utimes(join(folder, '0.jpg'), 1, 1);
      expect(await drawable()).toBe(50); // the same bytes
      expect(countRead() - once).toBeGreaterThanOrEqual(4 * MB);
    },
  );

  it.runIf(process.platform === 'linux')('read one image at a time', async () => {
    const { folder, drawable } = await prepared({ images: 30, boxes: 1, bytes: 2 * MB });
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, countOpen(folder))), 0);
    expect(await drawable()).toBe(30);
    clearInterval(watch);
    expect(most).toBe(1);
  });

  it('are not drawn of images that have changed, are gone or are too large', async () => {
    const { folder, drawable } = await prepared({ images: 3, boxes: 2, bytes: 1000 });
    expect(await drawable()).toBe(6);
    await writeFile(join(folder, '1.jpg'), 'another');
    expect(await drawable()).toBe(4);
    const large = await prepared({ images: 1, boxes: 2, bytes: 1000 });
    expect(await large.drawable(undefined, 999)).toBe(0);
  });

  it('are no longer listed once the work was stopped', async () => {
    const { drawable } = await prepared({ images: 1, boxes: 1, bytes: 1000 });
    await expect(drawable(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  });
});
