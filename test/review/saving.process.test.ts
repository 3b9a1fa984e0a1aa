import { once } from 'node:events';
import { cp, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/core/review/decision.js';
import type { ShowRun } from '../../src/run/open-run.js';
import { ReviewSession } from '../../src/review/review-session.js';
import { OutputLock } from '../../src/run/lock/output-lock.js';
import { EMOJI, preannotate } from '../support/cli.js';
import { copyRun, readEvents, TestReview } from '../support/review/review-server.js';
import { canMount, resizeDisk, smallDisk } from '../support/system/disk.js';
import { sampleRun } from '../support/review/sample-run.js';

const scenes = sampleRun();

const drawn = (id: string, x: number) =>
  ({ op: 'set', box: { id, status: 'drawn', class: 'bottle', box: [x, 1.25, x + 20, 40.5] } }) as const;

it('a killed server has lost nothing that it acknowledged, and the next one goes on', async () => {
  const out = await copyRun(scenes.out);
  const saved: Decision[] = [];
  await using review = await TestReview.opened(out, ['--author', 'mira']);
  const ids = (await review.pack()).facts.images.ids;
  const saving = Array.from({ length: 200 }, async (_, i) => {
    const decision = await review.save(ids[i % ids.length]!, [drawn(`d${i}`, i % 50)]);
    saved.push(decision);
    if (saved.length === 60) review.running.child.kill('SIGKILL');
  });
  await Promise.allSettled(saving);
  expect(saved.length).toBeGreaterThanOrEqual(60);
  await using next = await TestReview.opened(out);
  const decisions = (await next.json('/api/decisions')) as Decision[];
  const kept = new Set(decisions.flatMap(({ boxes }) => boxes.map(({ id }) => id)));
  for (const { boxes } of saved) for (const { id } of boxes) expect(kept).toContain(id);
  expect(decisions[0]!.author).toBe('mira');
  const { code, stderr } = await next.stopped('SIGINT');
  expect([code, stderr]).toEqual([0, '']);
  await expect(stat(join(out, '.preannotate/lock'))).rejects.toThrow();
});

it('two clients see what each other does, and a wrong change is refused with the reason', async () => {
  const out = await copyRun(scenes.out);
  await using review = await TestReview.opened(out);
  const { facts } = await review.pack();
  const [id] = facts.images.ids;
  const streams = await Promise.all([review.get('/api/events'), review.get('/api/events')]);
  expect(streams[0].headers.get('content-type')).toBe('text/event-stream');
  const seen = Promise.all(
    streams.map(async (stream) => {
      const revisions: number[] = [];
      for await (const { event, data } of readEvents(stream)) {
        expect(event).toBe('decision');
        if (revisions.push((data as Decision).revision) === 3) break;
      }
      return revisions;
    }),
  );
  const [a, b] = await Promise.all([review.save(id!, [drawn('a', 1)]), review.save(id!, [drawn('b', 2)])]);
  const accepted = await review.save(id!, [{ op: 'state', state: 'accepted' }]);
  expect([a.revision, b.revision, accepted.revision]).toEqual([1, 2, 3]);
  expect(accepted.boxes.map((box) => box.id).sort()).toEqual(['a', 'b']);
  expect(await seen).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
  const wrong = [
    [id, [{ op: 'set', box: { ...drawn('c', 1).box, class: '<script>' } }], 'is not a class of the ontology'],
    [id, [drawn('c', 1e6)], 'is not inside the image'],
    [id, 'no list', 'changes'],
    ['1', [], 'image'],
  ] as const;
  for (const [image, changes, reason] of wrong) {
    const answer = await review.post(image, changes);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([422, expect.stringContaining('problem+json')]);
    expect(((await answer.json()) as { detail: string }).detail).toContain(reason);
  }
  expect((await review.post(999_999, [drawn('c', 1)])).status).toBe(404);
  expect((await review.post(id, [drawn('c', 1)], { 'content-type': 'text/plain' })).status).toBe(415);
  expect(((await review.json('/api/decisions')) as Decision[]).map(({ revision }) => revision)).toEqual([3]);
});

it('one server holds a folder: a second review is refused by name, and so is a run', async () => {
  const out = await copyRun(scenes.out);
  await using review = await TestReview.opened(out);
  const second = await preannotate(['review', out]);
  expect(second.code).toBe(2);
  expect(second.stderr).toContain(
    `Another \`preannotate review\` has this folder open: process ${review.running.child.pid}`,
  );
  expect(second.stderr).toContain(review.origin);
  expect(second.stderr).not.toContain('token=');
  const run = await preannotate(['run', join(out, '../photos'), ...EMOJI, '--out', out]);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain(`\`preannotate review\` has this output folder open: process `);
  expect(run.stderr).toContain(`${review.origin}.\nStop it first, with Ctrl-C`);
  expect((await review.stopped()).code).toBe(0);
});

it('a run can be exported while it is reviewed; what is decided later is for the next export', async () => {
  const out = await copyRun(scenes.out);
  await using review = await TestReview.opened(out);
  const { ids, names } = (await review.pack()).facts.images;
  const accept = (i: number) => review.save(ids[i]!, [{ op: 'state', state: 'accepted' }]);
  const exported = async () => {
    const { code, stderr } = await preannotate(['export', out, '--format', 'coco', '--only-reviewed']);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`The review at ${review.origin} goes on`)]);
    const { images } = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as {
      images: { file_name: string }[];
    };
    return images.map(({ file_name: file }) => file);
  };
  await accept(0);
  expect(await exported()).toEqual([names[0]]);
  await accept(1);
  expect(await exported()).toEqual([names[0], names[1]]);
  const exporting = await OutputLock.takeForViews(out); // as an export that takes long
  await expect(OutputLock.takeForViews(out)).rejects.toThrow('Another run is using this output folder');
  expect((await review.stopped()).code).toBe(0);
  await expect(OutputLock.take(out)).rejects.toThrow('Another run is using this output folder');
  await using next = await TestReview.opened(out);
  expect((await next.json('/api/state')) as object).toMatchObject({ readOnly: null });
  await exporting[Symbol.asyncDispose]();
  await next.stopped();
  await using _free = await OutputLock.take(out);
});

it('while the run is being brought up to date, changes can be sent again later', async () => {
  const outDir = await copyRun(scenes.out);
  const takeOver = { force: false, afterMs: 60_000 };
  const show: ShowRun = (run) => run;
  const target = { outDir, imagesRoot: undefined, author: 'mira', takeOver, show };
  await using session = await ReviewSession.open(target, () => {});
  const [id] = (await session.facts()).images.ids;
  const [begin, work] = [new AbortController(), new AbortController()];
  const begun = once(begin.signal, 'abort');
  const rewriting = session.rewrite(async () => {
    begin.abort();
    await once(work.signal, 'abort');
  });
  await begun; // the folder is given back
  await expect(session.save(id!, [drawn('a', 1)])).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
  expect(session.readOnly).toBeUndefined();
  work.abort();
  await rewriting;
  expect(await session.save(id!, [drawn('a', 1)])).toMatchObject({ revision: 1 });
});

it('while a run has the folder, the review only reads', async () => {
  const out = await copyRun(scenes.out);
  await using _lock = await OutputLock.take(out);
  await using review = await TestReview.opened(out);
  const { readOnly } = (await review.json('/api/state')) as { readOnly: string };
  expect(readOnly).toContain('A run is writing into the folder');
  expect(review.running.stderr).toContain('Read-only: ');
  const { facts } = await review.pack();
  const answer = await review.post(facts.images.ids[0], [{ op: 'state', state: 'accepted' }]);
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([409, 'READ_ONLY']);
  await expect(stat(join(out, 'review.jsonl'))).rejects.toThrow();
  expect((await review.stopped()).code).toBe(0);
});

it('what holds no run is refused, and nothing is written there', async () => {
  const { code, stderr } = await preannotate(['review', join(scenes.folder, 'photos')]);
  expect(code).toBe(2);
  expect(stderr).toContain('is not the output folder of a run');
  await expect(stat(join(scenes.folder, 'photos/.preannotate'))).rejects.toThrow();
});

describe.skipIf(!canMount)('on a small disk (needs root on Linux)', () => {
  it('a full disk refuses changes and keeps what was saved; they can be made once there is room', async () => {
    const disk = await smallDisk('8m');
    const out = join(disk, 'drafts');
    await cp(scenes.out, out, { recursive: true, verbatimSymlinks: true });
    await using review = await TestReview.opened(out, ['--images-root', join(scenes.folder, 'photos')]);
    const [first, second] = (await review.pack()).facts.images.ids;
    const saved = await review.save(first!, [drawn('a', 1)]);
    await writeFile(join(disk, 'filler'), Buffer.alloc(16 << 20)).catch(() => {});
    const refused = await review.post(
      second,
      Array.from({ length: 500 }, (_, i) => drawn(`b${i}`, i % 50)),
    );
    const problem = (await refused.json()) as { code: string; detail: string };
    expect([refused.status, problem.code]).toEqual([500, 'WRITE_FAILED']);
    expect(problem.detail).toContain('review.jsonl');
    const thumbnail = await review.get(`/api/images/${first}/thumbnail?width=320`);
    expect(thumbnail.status).toBe(200); // without a cache
    expect(await review.json('/api/decisions')).toEqual([saved]);
    resizeDisk(disk, '64m');
    const later = await review.save(second!, [drawn('c', 1)]);
    expect(later.revision).toBe(2);
    expect((await review.stopped()).code).toBe(0);
    expect((await readFile(join(out, 'review.jsonl'), 'utf8')).trimEnd().split('\n')).toHaveLength(2);
  });
});
