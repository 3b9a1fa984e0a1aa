import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { composeHeif, gridOfQuarters, irot, rangeOf } from '../../support/heif/compose.js';
import { answerOf } from '../../support/program.js';
import { TestReview } from '../../support/review/review-server.js';
import { TestServer } from '../../support/server.js';

const GRID = gridOfQuarters();
const PHOTO = composeHeif(GRID, { primary: GRID.length });
const PORTRAIT = composeHeif(gridOfQuarters(irot(3)), { primary: GRID.length });
const DAMAGED = Buffer.from(PHOTO).fill(0, rangeOf(GRID, 2, PHOTO).from + 2000);
const OTHER = composeHeif(gridOfQuarters(irot(2)), { primary: GRID.length });

let folder = '';
let photos = '';
let out = '';
const run = (...more: string[]) => preannotate(['run', photos, ...EMOJI, '--out', out, ...more]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
  photos = join(folder, 'photos');
  out = join(folder, 'out');
  await mkdir(photos);
  await copyFile(join(SCENES, 'scene-01.jpg'), join(photos, 'a.jpg'));
  await writeFile(join(photos, 'b.heic'), PHOTO);
  await writeFile(join(photos, 'c.HEIC'), PORTRAIT);
  await writeFile(join(photos, 'd.heic'), DAMAGED);
  const { code, stderr } = await run('--preview=10', '--write-upright', '--images', 'copy', '--tiles', '200');
  expect(code, stderr).toBe(0);
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Line {
  readonly image?: string; // absent from the header
  readonly width: number;
  readonly height: number;
  readonly degraded?: string;
  readonly detections: readonly unknown[];
}

async function records(): Promise<Line[]> {
  const lines = (await readFile(join(out, 'detections.jsonl'), 'utf8')).trim().split('\n');
  const read = lines.map((line) => JSON.parse(line) as Line).filter(({ image }) => image !== undefined);
  return read.sort((a, b) => (a.image! < b.image! ? -1 : 1));
}

const sizeOf = async (image: Buffer) => {
  const { format, width, height } = await sharp(image).metadata();
  return [format, width, height];
};

it('a run takes them upright, with a warning about a damaged one', async () => {
  const [jpeg, photo, portrait, damaged] = await records();
  expect(photo).toMatchObject({ image: 'b.heic', width: 320, height: 240 });
  expect(portrait).toMatchObject({ image: 'c.HEIC', width: 240, height: 320 });
  expect(damaged!.degraded).toMatch(/\(\d of 4 tiles\)$/);
  for (const record of [jpeg!, photo!, portrait!]) {
    expect(record).not.toHaveProperty('degraded');
    expect(record.detections.length).toBeGreaterThan(0);
  }
});

it('previews are JPEG, and copies are the files themselves, also with --write-upright', async () => {
  expect(await sizeOf(await readFile(join(out, 'previews/c.HEIC.preview.jpg')))).toEqual(['jpeg', 240, 320]);
  for (const [name, bytes] of [['b.heic', PHOTO] as const, ['c.HEIC', PORTRAIT] as const])
    expect((await readFile(join(out, 'yolo/images/train', name))).equals(bytes)).toBe(true);
});

it('validate finds nothing wrong with their sizes', async () => {
  const { code, stdout } = await preannotate(['validate', join(out, 'coco'), '--images-root', photos, '--json']);
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { errors: 0, warnings: 0 }]);
});

it('the review and the report show them as JPEG, upright', async () => {
  await using review = await TestReview.opened(out);
  const { images } = (await review.pack()).facts;
  const of = (name: string) => `/api/images/${images.ids[images.names.indexOf(name)]!}`;
  const shown = async (path: string) => sizeOf(Buffer.from(await (await review.get(path)).arrayBuffer()));
  expect(await shown(of('b.heic'))).toEqual(['jpeg', 320, 240]);
  expect(await shown(of('c.HEIC'))).toEqual(['jpeg', 240, 320]);
  const [format, width, height] = await shown(`${of('c.HEIC')}/thumbnail?width=160`);
  expect([['jpeg', 'webp'].includes(String(format)), Number(width) / Number(height)]).toEqual([true, 240 / 320]);
  const { code, stdout } = await preannotate(['report', out, '--json']);
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { images: 4, failures: 0, embedded: 4 }]);
});

it('a second run keeps them, notices a replaced one, and refuses damage with --strict-images', async () => {
  const tiles = ['--tiles', '200', '--json'];
  expect(JSON.parse((await run(...tiles)).stdout)).toMatchObject({ timings: { images_ms: 0 } });
  await writeFile(join(photos, 'b.heic'), OTHER);
  const { code, stderr } = await run('--tiles', '200');
  expect([code, stderr]).toEqual([0, expect.stringContaining('1 image has changed and is annotated again: b.heic.')]);
  const strict = await preannotate(['run', photos, ...EMOJI, '--out', join(folder, 'strict'), '--strict-images']);
  expect(strict.code).toBe(3);
  expect(await readFile(join(folder, 'strict/errors.jsonl'), 'utf8')).toMatch(/"d\.heic","code":"IMAGE_DEGRADED"/);
});

it('serve and a detector find in one what they find in the JPEG that it was made of', async () => {
  const scene = Uint8Array.from(await readFile(join(SCENES, 'scene-01.jpg')));
  await using server = await TestServer.ready();
  const found = async (image: Uint8Array<ArrayBuffer>) =>
    ((await (await server.post(image)).json()) as { labels: string[] }).labels.sort();
  const expected = await found(scene);
  expect(expected.length).toBeGreaterThan(0);
  expect(await found(Uint8Array.from(PHOTO))).toEqual(expected);
  const { boxes } = (await answerOf(`
    import { openDetector } from 'preannotate';
    const detector = await openDetector({ model: 'builtin:emoji', ontology: 'emoji' });
    console.log(JSON.stringify(await detector.detect(${JSON.stringify(join(photos, 'c.HEIC'))})));
    await detector.dispose();
  `)) as { boxes: { class: string }[] };
  expect(boxes.map((one) => one.class).sort()).toEqual(expected);
});

it('serve without the package answers 415 and names it', async () => {
  await using server = await TestServer.ready({ fault: 'images/no-heic.mjs' });
  const answer = await server.post(Uint8Array.from(PHOTO));
  expect([answer.status, await answer.json()]).toEqual([
    415,
    expect.objectContaining({ code: 'IMAGE_UNSUPPORTED', hint: expect.stringContaining('heic-decode') as string }),
  ]);
});
