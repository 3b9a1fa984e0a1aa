import type { Decision } from './decision.js';
import { StoredDecision } from './stored/stored-decision.js';

/** A longer time between two images was a pause. */
const PAUSE_MS = 5 * 60 * 1000;
/** A person takes longer for an image: what came faster was imported, or accepted in one go. */
const SHORTEST_MS = 300;

/**
 * How long people worked on images, by the times at which each author finished them one after the other.
 *
 * @param finished - Decisions about images that are accepted, in any order.
 * @returns Seconds, and the images that they were spent on.
 */
export function secondsWorked(finished: readonly Pick<Decision, 'author' | 'at'>[]): {
  readonly seconds: number;
  readonly images: number;
} {
  const timesOf = new Map<string, number[]>();
  for (const decision of finished) {
    const times = timesOf.get(decision.author);
    const time = StoredDecision.timeOf(decision);
    if (times === undefined) timesOf.set(decision.author, [time]);
    else times.push(time);
  }
  let [ms, images] = [0, 0];
  for (const times of timesOf.values()) {
    times.sort((a, b) => a - b);
    for (let i = 1; i < times.length; i++) {
      const taken = times[i]! - times[i - 1]!;
      if (taken < SHORTEST_MS || taken > PAUSE_MS) continue;
      ms += taken;
      images++;
    }
  }
  return { seconds: ms / 1000, images };
}
