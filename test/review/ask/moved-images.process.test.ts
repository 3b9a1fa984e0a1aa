import { copyFile, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, describe, it } from 'vitest';
import { decodePack } from '../../../src/core/gallery/pack.js';
import { SCENES } from '../../support/cli.js';
import { annotateToAsk, ONTOLOGY, refusalOf, untilKept } from '../../support/review/asked-run.js';
import { recordsOf } from '../../support/review/records.js';
import { ReviewCommand } from '../../support/review/review-command.js';

describe('what is kept while images are replaced or moved', () => {
  it('decides nothing about an image that is replaced meanwhile by what was seen before', async () => {
    const { out, folder } = await annotateToAsk();
    await using review = await ReviewCommand.start(out);
    const digests = async () => {
      const { facts } = decodePack(new Uint8Array(await (await review.get('/api/pack')).arrayBuffer()));
      return facts.images.digests!;
    };
    const before = await digests();
    const decide = (seen: string) =>
      review.post('/api/decisions', { image: 2, changes: [{ op: 'state', state: 'accepted' }], seen });
    expect((await decide(before[1]!)).status).toBe(200);
    await copyFile(join(SCENES, 'scene-07.jpg'), join(folder, 'images/scene-02.jpg'));
    await review.post('/api/ask/keep', { question: { prompts: ['a photo of a cup'] }, class: 'cup' });
    expect(await untilKept(review)).toMatchObject({ is: 'done' });
    expect(await review.json('/api/decisions')).toEqual([]); // what was decided is about the picture before
    expect(await refusalOf(await decide(before[1]!))).toMatch(/^409 scene-02\.jpg was replaced, and annotated again/);
    const now = await digests();
    expect(now.map((digest, i) => digest === before[i])).toEqual([true, false, true, true]);
    expect((await decide(now[1]!)).status).toBe(200);
    expect(await review.json('/api/decisions')).toMatchObject([{ image: 'scene-02.jpg', state: 'accepted' }]);
  });

  it('keeps an example of images that were moved, and none of a picture that was replaced', async () => {
    const { out, ontology, folder } = await annotateToAsk();
    const [best] = (await recordsOf(out)).flatMap(({ detections }) => detections.map(({ box }) => box));
    const moved = join(folder, 'moved');
    await rename(join(folder, 'images'), moved);
    await copyFile(join(SCENES, 'scene-07.jpg'), join(moved, 'scene-02.jpg'));
    await using review = await ReviewCommand.start(out, ['--images-root', moved]);
    const keep = (image: number) =>
      review.post('/api/ask/keep', { question: { like: { image, box: best } }, class: 'like it', threshold: 0.8 });
    expect(await refusalOf(await keep(2))).toMatch(/^409 scene-02\.jpg is another picture now/);
    expect(await readFile(ontology, 'utf8')).toBe(ONTOLOGY);
    expect((await keep(1)).status).toBe(202);
    expect(await untilKept(review)).toMatchObject({ is: 'done' });
    expect(await readFile(ontology, 'utf8')).toContain('moved/scene-01.jpg');
    expect((await recordsOf(out)).map(({ image }) => image)).toHaveLength(4);
    await review[Symbol.asyncDispose]();
    await using next = await ReviewCommand.start(out); // the run has them there from now on
    expect((await next.get('/api/images/1')).status).toBe(200);
  });
});
