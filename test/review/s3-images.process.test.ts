import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../support/cli.js';
import { TestReview } from '../support/review/review-server.js';
import { S3_ENVIRONMENT, startS3Server } from '../support/servers/s3-server.js';
import { temporaryFolder } from '../support/temporary.js';

const ODD = 'photos/a b+é/1.jpg';
const TURNED = 'photos/turned.webp';

interface Coco {
  readonly images: readonly { readonly file_name: string; readonly reviewed?: boolean }[];
  readonly annotations: readonly { readonly attributes: { readonly source: string } }[];
}

/** A review of a run over a bucket that takes signed requests alone. */
async function reviewBucket() {
  const server = await startS3Server();
  const [first, second] = await Promise.all(['01', '02'].map((n) => readFile(join(SCENES, `scene-${n}.jpg`))));
  const turned = await sharp(first).withMetadata({ orientation: 6 }).webp().toBuffer();
  const objects = new Map([
    [ODD, first!],
    ['photos/2.jpg', second!],
    [TURNED, turned],
  ]);
  server.buckets.set('yard', objects);
  const out = join(await temporaryFolder(), 'out');
  const reach = ['--s3-endpoint', server.endpoint, '--s3-path-style'];
  const run = ['run', 's3://yard/photos/', ...reach, ...EMOJI, '--out', out, '--format', 'coco', '--quiet'];
  const { code, stderr } = await preannotate(run, { env: S3_ENVIRONMENT });
  if (code !== 0) throw new Error(stderr);
  server.requests.clear();
  const open = (env: NodeJS.ProcessEnv = {}) => TestReview.opened(out, reach, { env: { ...S3_ENVIRONMENT, ...env } });
  const review = await open();
  const { images } = (await review.pack()).facts;
  const idOf = (key: string) => images.ids[images.names.indexOf(`yard/${key}`)]!;
  return { server, objects, out, run, open, review, idOf };
}

it('images in S3 are shown as they are stored, fetched once, accepted and exported', async () => {
  const { server, objects, out, run, review, idOf } = await reviewBucket();
  using _server = server;
  await using _review = review;
  const [picture, thumbnail] = await Promise.all([
    review.get(`/api/images/${idOf(ODD)}`),
    review.get(`/api/images/${idOf(ODD)}/thumbnail?width=160`),
  ]);
  expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  expect(Buffer.from(await picture.arrayBuffer()).equals(objects.get(ODD)!)).toBe(true);
  expect([thumbnail.status, thumbnail.headers.get('content-type')]).toEqual([200, 'image/webp']);
  const turned = await review.get(`/api/images/${idOf(TURNED)}`);
  const { width, height } = await sharp(Buffer.from(await turned.arrayBuffer())).metadata();
  expect(width < height).toBe(true); // upright
  expect(Object.fromEntries(server.requests)).toEqual({ [ODD]: 1, [TURNED]: 1 });

  const box = { id: 'd1', status: 'drawn', class: 'cup', box: [1, 1, 20, 20] } as const;
  await review.save(idOf(ODD), [
    { op: 'set', box: { ...box, box: [...box.box] } },
    { op: 'state', state: 'accepted' },
  ]);
  await review.stopped();
  server.requests.clear();
  for (const args of [['export', out], run]) {
    const { code, stderr } = await preannotate(args, { env: S3_ENVIRONMENT });
    expect(code, stderr).toBe(0);
    const coco = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as Coco;
    expect(coco.images.map((one) => [one.file_name, one.reviewed ?? false]).sort()).toEqual([
      ['yard/photos/2.jpg', false],
      [`yard/${ODD}`, true],
      [`yard/${TURNED}`, false],
    ]);
    expect(coco.annotations.filter(({ attributes: { source } }) => source === 'reviewed')).toHaveLength(1);
  }
  expect([...server.requests.keys()]).not.toContain(ODD);
});

it('images in S3 that cannot be had are refused with the reason, and what was decided stays', async () => {
  const { server, objects, open, review, idOf } = await reviewBucket();
  using _server = server;
  await using _review = review;
  const saved = await review.save(idOf(ODD), [{ op: 'state', state: 'accepted' }]);
  const refusal = async (from: TestReview) => {
    const answer = await from.get(`/api/images/${idOf('photos/2.jpg')}`);
    return `${answer.status} ${((await answer.json()) as { detail: string }).detail}`;
  };
  const second = objects.get('photos/2.jpg')!;
  objects.delete('photos/2.jpg');
  expect(await refusal(review)).toBe(
    '422 yard/photos/2.jpg could not be fetched: there is no such object (NoSuchKey).',
  );
  objects.set('photos/2.jpg', objects.get(TURNED)!);
  expect(await refusal(review)).toMatch(/^409 yard\/photos\/2\.jpg /);
  objects.set('photos/2.jpg', second);
  await review.stopped();
  await using withOtherKeys = await open({ AWS_ACCESS_KEY_ID: 'AKIAOTHER' });
  expect(await refusal(withOtherKeys)).toMatch(
    /access is denied \(AccessDenied\); give --s3-no-sign-request again, if the/,
  );
  expect(await withOtherKeys.json('/api/decisions')).toEqual([saved]);
});
