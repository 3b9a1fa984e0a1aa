import type { Job, RunState } from '../job.js';
import type { Feed, FeedUse } from './feed.js';
import { PlannedImages } from './planned-images.js';
import { Watch } from './watch.js';

/** What gives a run its images: its plan, or with --watch, the folders themselves. */
export function openFeed(job: Job, run: RunState, use: FeedUse): Feed {
  return job.watch ? new Watch(job, run, use) : new PlannedImages(job, run, use);
}

/** How many images will come. */
export function countToCome(job: Job, { plan }: Pick<RunState, 'plan'>): number {
  return job.watch ? Infinity : plan.pending.length;
}

/** What stops a run, and what only ends its feed, after which the views are written. A watch has no last image. */
export function divideStop(
  job: Job,
  stop: { asked: AbortSignal; lost: AbortSignal; timeOver: AbortSignal },
): Pick<FeedUse, 'signal' | 'ending'> {
  if (job.watch) return { signal: stop.lost, ending: AbortSignal.any([stop.asked, stop.timeOver]) };
  return { signal: AbortSignal.any([stop.asked, stop.lost]), ending: stop.timeOver };
}
