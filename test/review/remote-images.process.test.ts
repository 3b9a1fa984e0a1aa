import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../support/cli.js';
import { TestReview } from '../support/review/review-server.js';
import { sendImage, startImageServer, type Fault } from '../support/servers/image-server.js';
import { temporaryFolder } from '../support/temporary.js';

const NAMES = Array.from({ length: 9 }, (_, i) => `scene-0${i + 1}.jpg`);

/** A review of a run over images of an HTTP server, which counts how many it sends at once. */
async function withRemote() {
  const turned = await sharp(join(SCENES, 'scene-01.jpg')).withMetadata({ orientation: 6 }).webp().toBuffer();
  const at = { once: 0, most: 0 };
  const slowly: Fault = async (_, response) => {
    at.most = Math.max(at.most, ++at.once);
    response.once('close', () => at.once--);
    await sleep(50);
    return false;
  };
  const web = await startImageServer({
    '/turned.webp': (_, response) => (sendImage(response, turned), true),
  });
  const folder = await temporaryFolder();
  const out = join(folder, 'out');
  await writeFile(
    join(folder, 'urls.txt'),
    [...NAMES, 'turned.webp'].map((name) => `${web.origin}/${name}`).join('\n'),
  );
  const run = ['run', `@${join(folder, 'urls.txt')}`, ...EMOJI, '--allow-private', '--out', out, '--quiet'];
  const { code, stderr } = await preannotate(run);
  if (code !== 0) throw new Error(stderr);
  web.requests.clear();
  const faults = Object.fromEntries(NAMES.map((name) => [`/${name}`, slowly]));
  const review = await TestReview.opened(out, ['--allow-private']);
  const { images } = (await review.pack()).facts;
  const idOf = (name: string) => images.ids[images.names.findIndex((one) => one.endsWith(name))]!;
  return { web, at, faults, review, idOf };
}

it('remote images are shown upright, fetched once for all who look, and not when the browser has them', async () => {
  const { web, review, idOf } = await withRemote();
  using _web = web;
  await using _review = review;
  const turned = await review.get(`/api/images/${idOf('turned.webp')}`);
  expect([turned.status, turned.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  const { width, height } = await sharp(Buffer.from(await turned.arrayBuffer())).metadata();
  expect(width < height).toBe(true); // the scene is a wide one
  const path = `/api/images/${idOf('scene-02.jpg')}`;
  const answers = await Promise.all([review.get(path), review.get(path), review.get(`${path}/thumbnail?width=160`)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(answers[0].headers.get('content-type')).toBe('image/jpeg');
  const etag = answers[0].headers.get('etag')!;
  expect((await review.get(path, { headers: { 'if-none-match': etag } })).status).toBe(304);
  expect([web.requests.get('/scene-02.jpg'), web.requests.get('/turned.webp')]).toEqual([1, 1]);
});

it('a few remote images are fetched at once, and those that are gone or replaced are refused by name', async () => {
  const { web, at, faults, review, idOf } = await withRemote();
  using _web = web;
  await using _review = review;
  web.faults = faults;
  const answers = await Promise.all(NAMES.map((name) => review.get(`/api/images/${idOf(name)}`)));
  expect(answers.map(({ status }) => status)).toEqual(NAMES.map(() => 200));
  expect(at.most).toBeLessThanOrEqual(6);
  expect(at.most).toBeGreaterThan(1);
  web.faults = {
    '/turned.webp': (_, response) => (response.writeHead(404).end(), true),
  };
  const gone = await review.get(`/api/images/${idOf('turned.webp')}`);
  expect([gone.status, await gone.text()]).toEqual([expect.any(Number), expect.stringContaining('turned.webp')]);
  expect(gone.status).toBeGreaterThanOrEqual(400);
  const other = await sharp(join(SCENES, 'scene-03.jpg')).webp().toBuffer();
  web.faults = { '/turned.webp': (_, response) => (sendImage(response, other), true) };
  const replaced = await review.get(`/api/images/${idOf('turned.webp')}`);
  expect([replaced.status, await replaced.text()]).toEqual([409, expect.stringContaining('is another picture now')]);
});
