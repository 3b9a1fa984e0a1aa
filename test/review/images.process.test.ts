import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../support/cli.js';
import { runScenes, TestReview } from '../support/review/review-server.js';
import { writeSyntheticRun } from '../support/review/synthetic-run.js';
import { temporaryFolder } from '../support/temporary.js';

const MARKUP = '<img src=x onerror=alert(1)>&".jpg';

let folder = '';
let photos = '';
let review: TestReview;
let idOf: (name: string) => number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
  photos = join(folder, 'photos');
  await mkdir(photos);
  const scene = await readFile(join(SCENES, 'scene-01.jpg'));
  await writeFile(join(photos, MARKUP), scene);
  await writeFile(join(photos, 'turned.jpg'), await sharp(scene).withMetadata({ orientation: 6 }).jpeg().toBuffer());
  await writeFile(join(photos, 'turned.png'), await sharp(scene).withMetadata({ orientation: 6 }).png().toBuffer());
  await writeFile(join(photos, 'scan.tif'), await sharp(scene).tiff().toBuffer());
  for (const name of ['gone.jpg', 'broken.jpg', 'replaced.jpg'])
    await writeFile(
      join(photos, name),
      await sharp(scene)
        .blur(1 + name.length)
        .jpeg()
        .toBuffer(),
    );
  await writeFile(join(folder, 'elsewhere.jpg'), await sharp(scene).blur(3).jpeg().toBuffer());
  await symlink(join(folder, 'elsewhere.jpg'), join(photos, 'link.jpg'));
  const out = join(folder, 'drafts');
  const { code, stderr } = await preannotate(['run', photos, ...EMOJI, '--out', out, '--quiet']);
  expect([code, stderr]).toEqual([0, '']);
  await rm(join(photos, 'gone.jpg'));
  await writeFile(join(photos, 'broken.jpg'), 'not an image any more');
  await rm(join(photos, 'replaced.jpg'));
  await symlink('/etc/passwd', join(photos, 'replaced.jpg'));
  review = await TestReview.opened(out);
  const { images } = (await review.pack()).facts;
  idOf = (name) => images.ids[images.names.indexOf(name)]!;
}, 120_000);

afterAll(async () => {
  await review[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

it('an image that browsers show is sent as it is, with the type of its content, and only once', async () => {
  for (const name of [MARKUP, 'turned.jpg', 'link.jpg']) {
    const answer = await review.get(`/api/images/${idOf(name)}`);
    expect([name, answer.status, answer.headers.get('content-type')]).toEqual([name, 200, 'image/jpeg']);
    expect(Buffer.from(await answer.arrayBuffer()).equals(await readFile(join(photos, name)))).toBe(true);
    const etag = answer.headers.get('etag')!;
    const again = await review.get(`/api/images/${idOf(name)}`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  }
});

it('other images are rendered upright', async () => {
  for (const name of ['scan.tif', 'turned.png']) {
    const answer = await review.get(`/api/images/${idOf(name)}`);
    expect([name, answer.status, answer.headers.get('content-type')]).toEqual([name, 200, 'image/jpeg']);
    const { width, height } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
    expect(width > height).toBe(name === 'scan.tif');
  }
});

it('thumbnails are upright, kept by content, and made once for all that ask', async () => {
  const asked = Array.from({ length: 8 }, () => review.get(`/api/images/${idOf('turned.jpg')}/thumbnail?width=160`));
  const answers = await Promise.all(asked);
  const bodies = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())));
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
  expect(bodies.every((body) => body.equals(bodies[0]!))).toBe(true);
  const { width, height, format } = await sharp(bodies[0]).metadata();
  expect([format, height, width < height]).toEqual(['webp', 160, true]);
  const sha256 = createHash('sha256')
    .update(await readFile(join(photos, 'turned.jpg')))
    .digest('hex');
  const kept = join(folder, 'drafts/.preannotate/thumbnails', sha256.slice(0, 2), `${sha256}-160.webp`);
  expect((await readFile(kept)).equals(bodies[0]!)).toBe(true);
  await writeFile(kept, 'RIFFtorn'); // as a power cut may leave it
  const again = await review.get(`/api/images/${idOf('turned.jpg')}/thumbnail?width=160`);
  expect(Buffer.from(await again.arrayBuffer()).equals(bodies[0]!)).toBe(true);
  for (const width of ['', '161', '160px', '1e2', '100000'])
    expect((await review.get(`/api/images/${idOf('turned.jpg')}/thumbnail?width=${width}`)).status).toBe(422);
});

it('an image that is gone, damaged, or no image any more is refused with the reason', async () => {
  const expected = [
    ['gone.jpg', 404, 'is not there any more'],
    ['broken.jpg', 422, 'text file'],
    ['replaced.jpg', 422, 'text file'], // by a link to a file that is no image
  ] as const;
  for (const [name, status, reason] of expected) {
    for (const path of [`/api/images/${idOf(name)}`, `/api/images/${idOf(name)}/thumbnail?width=320`]) {
      const answer = await review.get(path);
      const { detail } = (await answer.json()) as { detail: string };
      expect([path, answer.status, detail]).toEqual([path, status, expect.stringContaining(name)]);
      expect(detail).toContain(reason);
      expect(detail).not.toContain(folder);
    }
  }
});

it('names of a journal that lead elsewhere are not followed', async () => {
  const out = join(await temporaryFolder(), 'out');
  await mkdir(join(out, 'images'), { recursive: true });
  await writeFile(join(out, 'secret.jpg'), await readFile(join(SCENES, 'scene-01.jpg')));
  await writeSyntheticRun(out, { images: 2, names: (i) => ['../secret.jpg', '/etc/hostname'][i]! });
  await using other = await TestReview.opened(out);
  const { ids } = (await other.pack()).facts.images;
  for (const id of ids) expect((await other.get(`/api/images/${id}`)).status).toBe(404);
  for (const id of ids) expect((await other.get(`/api/images/${id}/thumbnail?width=160`)).status).toBe(404);
});

it('a run of 10,000 images is loaded whole, and requests that are given up do not hold up others', async () => {
  const out = join(await temporaryFolder(), 'out');
  await mkdir(join(out, 'images/part-0000'), { recursive: true });
  const scene = await readFile(join(SCENES, 'scene-02.jpg'));
  await writeSyntheticRun(out, { images: 10_000, content: () => scene });
  for (let i = 0; i < 200; i++) {
    const name = `part-0000/image-${String(i).padStart(7, '0')}.jpg`;
    await symlink(join(SCENES, 'scene-02.jpg'), join(out, 'images', name));
  }
  await using other = await TestReview.opened(out);
  const { facts, boxes } = await other.pack();
  expect([facts.images.names.length, boxes.scores.length]).toEqual([10_000, 50_000]);
  const leaving = new AbortController();
  const left = facts.images.ids.slice(0, 199).map(async (id) => {
    const answer = await other.get(`/api/images/${id}/thumbnail?width=160`, { signal: leaving.signal });
    return answer.status;
  });
  leaving.abort();
  await Promise.allSettled(left);
  const last = await other.get(`/api/images/${facts.images.ids[199]}/thumbnail?width=160`);
  expect(last.status).toBe(200);
  await access(join(out, '.preannotate'));
});

it('an image whose file is another one than the run has seen is neither shown nor decided on', async () => {
  const out = await runScenes(await temporaryFolder()); // not copied: the run knows the times of its files
  const [changed, sameSize, touched] = ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg'].map((name) =>
    join(out, '../photos', name),
  ) as [string, string, string];
  await using other = await TestReview.opened(out);
  const { ids, names } = (await other.pack()).facts.images;
  const numberOf = (path: string) => ids[names.indexOf(path.slice(path.lastIndexOf('/') + 1))]!;
  const accept = [{ op: 'state', state: 'accepted' }];
  expect((await other.get(`/api/images/${numberOf(changed)}/thumbnail?width=160`)).status).toBe(200);
  await writeFile(changed, await readFile(join(SCENES, 'scene-09.jpg')));
  const bytes = await readFile(sameSize);
  bytes[15]! ^= 1; // of the density that its header states
  await writeFile(sameSize, bytes);
  await utimes(touched, 1_000_000_000, 1_000_000_000);
  for (const path of [changed, sameSize]) {
    const id = numberOf(path);
    const answers = [
      await other.get(`/api/images/${id}`),
      await other.get(`/api/images/${id}/thumbnail?width=160`),
      await other.post(id, accept),
    ];
    for (const answer of answers) {
      const { code, detail } = (await answer.json()) as { code: string; detail: string };
      expect([path, answer.status, code]).toEqual([path, 409, 'IMAGE_CHANGED']);
      expect(detail).toMatch(/^scene-0\d\.jpg is another picture now than the one that the run has seen/);
    }
  }
  expect((await other.get(`/api/images/${numberOf(touched)}`)).status).toBe(200);
  expect((await other.post(numberOf(touched), accept)).status).toBe(200);
  expect(await other.json('/api/decisions')).toMatchObject([{ image: 'scene-03.jpg' }]);
});
