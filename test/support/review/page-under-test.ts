import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import type { GalleryPack } from '../../../src/core/gallery/pack.js';
import { applyChanges, type Change, type Decision } from '../../../src/core/review/decision.js';
import type { SavedDecision } from '../../../src/core/review/overwritten.js';
import type { SentStep } from '../../../src/page/gallery/saving/save-queue.js';
import { RecentSteps, type StepOrigin } from '../../../src/run/review/recent-steps.js';

/** What the page sends changes to. */
class TestServer {
  readonly received: { readonly image: number; readonly changes: readonly Change[] }[] = [];
  readonly seen: (string | undefined)[] = []; // digests, of each change that was received
  readonly decisions = new Map<number, Decision>();
  /** What every change fails with. */
  failure: Error | undefined;
  readonly #steps = new RecentSteps();
  #revision = 0;
  readonly #pack: () => GalleryPack;

  constructor(pack: () => GalleryPack) {
    this.#pack = pack;
  }

  async save(image: number, { id, base, seen, changes }: SentStep): Promise<SavedDecision> {
    this.seen.push(seen);
    this.received.push({ image, changes });
    await sleep(1);
    if (this.failure !== undefined) throw this.failure;
    return this.decide(image, changes, { id, base });
  }

  /** What anyone decides. */
  decide(image: number, changes: readonly Change[], origin: Omit<StepOrigin, 'changes'> = {}): SavedDecision {
    const { ids, names } = this.#pack().facts.images;
    const before = this.decisions.get(image) ?? { state: 'open' as const, boxes: [] };
    const facts = { image: names[ids.indexOf(image)]!, sha256: 'a', revision: ++this.#revision, author: 'A', at: '' };
    const decision: Decision = { ...facts, ...applyChanges(before, changes) };
    this.decisions.set(image, decision);
    return this.#steps.add(decision, { ...origin, changes });
  }
}

export type PageUnderTest = Awaited<ReturnType<typeof openPage>>;

/** The state of the page of review without its components, over a pack, with nothing decided. */
export async function openPage(pack: GalleryPack) {
  vi.resetModules();
  const state = await import('../../../src/page/gallery/app/state.js');
  const { RequestProblem } = await import('../../../src/page/gallery/saving/request-problem.js');
  const decisions = await import('../../../src/page/gallery/app/decisions.js');
  const accept = await import('../../../src/page/gallery/app/accept.js');
  const server = new TestServer(() => state.pack.value!);
  state.backend.value = {
    load: () => Promise.resolve(pack),
    imageUrl: () => '',
    thumbnailUrl: () => '',
    review: {
      author: 'A',
      readOnly: undefined,
      decisions: () => Promise.resolve([...server.decisions.values()]),
      save: (image, step) => server.save(image, step),
      subscribe: () => {},
      refresh: () => Promise.reject(new Error('The connection is never lost.')),
    },
  };
  decisions.showRun(pack, []);
  return { state, decisions, accept, server, RequestProblem };
}

export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(2);
}
