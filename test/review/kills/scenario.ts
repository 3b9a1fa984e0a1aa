import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Change, Decision } from '../../../src/core/review/decision.js';
import { readReview } from '../../../src/run/review/read-review.js';
import { Random } from '../../support/random.js';
import { TestReview } from '../../support/review/review-server.js';

const PAGES = 5;
const MAX_WAIT_MS = 120; // the server syncs every 100 ms: kills come before, while and after it does

interface Step {
  readonly image: number; // its place among the images of the run
  readonly step: string;
  readonly changes: readonly Change[];
}

/** A page that sends one step after the other, and what it was told is saved. Its boxes are its own. */
class Page {
  readonly name: string;
  readonly saved = new Map<string, string>(); // what is decided, as text, by image and box
  pending: Step | undefined; // was sent, and not answered
  steps = 0;
  readonly #random: Random;

  constructor(name: string, random: Random) {
    this.name = name;
    this.#random = random;
  }

  next(images: number): Step {
    const image = this.#random.below(images);
    const x = this.#random.below(100) / 4;
    const id = `${this.name}x${this.#random.below(4)}`;
    const box = { id, status: 'drawn', class: 'bottle', box: [x, 1.25, x + 20, 40.5] } as const;
    const isSaved = this.saved.has(`${image} ${id}`);
    const change: Change =
      isSaved && this.#random.below(3) === 0 ? { op: 'forget', id } : { op: 'set', box: { ...box, box: [...box.box] } };
    return { image, step: `${this.name}-${++this.steps}`, changes: [change] };
  }

  /** Notes that a step is saved. */
  settle({ image, changes }: Step): void {
    for (const change of changes) {
      if (change.op === 'forget') this.saved.delete(`${image} ${change.id}`);
      if (change.op === 'set') this.saved.set(`${image} ${change.box.id}`, String(change.box.box));
    }
    this.pending = undefined;
  }
}

/** What is on disk of the boxes of a page. */
function storedOf({ name }: Page, decisions: Iterable<Decision>, names: readonly string[]): Map<string, string> {
  const boxes = [...decisions].flatMap(({ image, boxes: own }) =>
    own.map(({ id, box }) => [`${names.indexOf(image)} ${id}`, String(box)] as const),
  );
  return new Map(boxes.filter(([key]) => key.includes(` ${name}x`)));
}

const sorted = (map: ReadonlyMap<string, string>) => [...map].sort();

/**
 * Pages send steps to a review server that is killed at random moments and started again. What a page was told is saved
 * has to be on disk each time; a step that was not answered may be there, and is sent again.
 *
 * @returns Lines of review.jsonl, and the steps of all pages, of which each is to have one line.
 */
export async function reviewAmidKills(
  out: string,
  { rounds, seed }: { readonly rounds: number; readonly seed: number },
): Promise<{ lines: number; steps: number }> {
  const random = new Random(seed);
  const pages = Array.from({ length: PAGES }, (_, i) => new Page(`page${i}`, new Random(seed * 100 + i)));
  for (let round = 0; round <= rounds; round++) {
    await using review = await TestReview.opened(out);
    const { names, ids } = (await review.pack()).facts.images;
    const isLast = round === rounds; // only what was not answered is sent
    let answered = 0;
    const wanted = 1 + random.below(40);
    const { child } = review.running;
    const work = pages.map(async (page) => {
      while (!isLast || page.pending !== undefined) {
        const step = (page.pending ??= page.next(ids.length));
        const body = JSON.stringify({ ...step, image: ids[step.image] });
        const headers = { 'content-type': 'application/json' };
        const answer = await review.get('/api/decisions', { method: 'POST', body, headers }).catch(() => undefined);
        if (answer === undefined) return; // it was killed
        if (!answer.ok) throw new Error(await answer.text());
        page.settle(step);
        if (++answered === wanted && !isLast) void sleep(random.below(MAX_WAIT_MS)).then(() => child.kill('SIGKILL'));
      }
    });
    await Promise.all(work);
    if (isLast) await review.stopped();
    else if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const decisions = await readReview(out);
    for (const page of pages) assertSaved(page, storedOf(page, decisions.values(), names), `seed ${seed}, ${round}`);
  }
  const text = await readFile(join(out, 'review.jsonl'), 'utf8');
  const steps = pages.reduce((sum, page) => sum + page.steps, 0);
  return { lines: text.trimEnd().split('\n').length, steps };
}

/** @throws Error where the disk has neither what a page was told, nor that with the step that was not answered. */
function assertSaved(page: Page, stored: ReadonlyMap<string, string>, where: string): void {
  const told = sorted(page.saved);
  const found = JSON.stringify(sorted(stored));
  if (found === JSON.stringify(told)) return;
  const { pending } = page;
  if (pending !== undefined) {
    const after = new Page(page.name, new Random(0));
    for (const [key, box] of page.saved) after.saved.set(key, box);
    after.settle(pending);
    if (found === JSON.stringify(sorted(after.saved))) return;
  }
  throw new Error(`${where}: ${page.name} was told ${JSON.stringify(told)}, and the disk has ${found}`);
}
