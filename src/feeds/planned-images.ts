import type { PreannotateError } from '../core/errors.js';
import type { ImageFile, ImageOutcome } from '../core/image.js';
import type { Job, RunState } from '../job.js';
import { countChosen } from '../run/choose-images.js';
import { MassFailure } from '../run/mass-failure.js';
import { showPreviews } from '../run-views.js';
import type { LivePreviews } from '../workers/previews/live-previews.js';
import type { Feed, FeedUse } from './feed.js';

/** The images that a run has found and not annotated yet. Previews are shown meanwhile. */
export class PlannedImages implements Feed {
  readonly known: Feed['known'];
  readonly #run: RunState;
  readonly #use: FeedUse;
  readonly #massFailure: MassFailure;
  readonly #previews: LivePreviews | undefined;
  #finished = 0;
  #failure: PreannotateError | undefined;

  constructor(job: Job, run: RunState, use: FeedUse) {
    const { plan, stats } = run;
    const total = plan.pending.length + plan.finished;
    this.known = { total, done: plan.finished, failed: stats.failed, isOpen: false };
    this.#run = run;
    this.#use = use;
    this.#massFailure = watchForMassFailure(job, run);
    this.#previews = showPreviews(job, run, use);
  }

  *images(): Generator<ImageFile> {
    for (const image of this.#run.plan.pending) {
      if (this.#use.ending.aborted) return;
      yield image;
    }
  }

  finish(outcome: ImageOutcome, index: number): PreannotateError | undefined {
    this.#finished++;
    if (outcome.ok) this.#previews?.imageAnnotated(outcome.result.name);
    this.#use.progress.tick(outcome);
    this.#failure ??= this.#massFailure.check(index, outcome, this.#run.stats.failed);
    return this.#failure;
  }

  end(): Promise<boolean> {
    return Promise.resolve(this.#finished === this.#run.plan.pending.length);
  }

  /** Stops previews that are being drawn. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#previews?.[Symbol.asyncDispose]();
  }
}

function watchForMassFailure(job: Job, { found, journal, plan, stats }: RunState): MassFailure {
  return new MassFailure({
    images: countChosen(stats.found, job.choice),
    found: found.images,
    pending: plan.pending,
    isFinished: (name) => journal.entries.has(name),
    budget: job.maxErrors,
  });
}
