import type { Decision } from './decision.js';
import { OutcomeCounts, type Outcomes } from './outcomes.js';
import { secondsOf, USUAL_SECONDS, type SecondsPerBox } from './seconds.js';
import { countBoxes, tallyBoxes } from './stored/stored-decision.js';
import { secondsWorked } from './time-worked.js';

/** An image of a run, with what people decided about it. */
export interface ReviewedImage {
  readonly drafts: number; // boxes of the model that are shown and not decided on; of an accepted image, none
  readonly decision?: Decision | undefined; // about the bytes that the image has now
}

/** How much of a run is reviewed, what was done for that, and what is left to do. */
export interface ReviewProgress {
  readonly images: {
    readonly total: number;
    readonly accepted: number;
    readonly started: number; // open, with boxes that were decided on
  };
  readonly boxes: {
    readonly total: number; // decided on, or still drafts
    readonly decided: number;
  };
  readonly shares: { readonly images: number; readonly boxes: number }; // reviewed, 0 to 1; of nothing, 1
  readonly outcomes: Outcomes;
  readonly outcomesByClass: ReadonlyMap<string, Outcomes>; // in the order in which classes were met
  readonly left: ReviewLeft;
}

/** The work that is left. */
export interface ReviewLeft {
  readonly images: number;
  readonly drafts: number;
  readonly minutes: number; // an estimate
  readonly basis: EstimateBasis;
}

/** What an estimate of the time rests on. */
export interface EstimateBasis {
  readonly outcomes: 'usual' | 'own'; // every draft stays; or as many stay as did so far
  readonly pace: 'usual' | 'own'; // the usual seconds for each action; or as fast as it went so far
}

/** From so many accepted images on, they tell what becomes of the others. */
const ENOUGH_IMAGES = 10;
/** From so many seconds of work on, they tell how fast it goes. */
const ENOUGH_SECONDS = 120;

const NONE: Outcomes = { kept: 0, corrected: 0, rejected: 0, drawn: 0 };

/**
 * Adds up what people decided. For 100,000 images this takes some milliseconds, so a page can do it again after each
 * decision.
 *
 * @param images - All of a run that are not left out.
 */
export function progressOf(images: Iterable<ReviewedImage>, seconds: SecondsPerBox = USUAL_SECONDS): ReviewProgress {
  const counts = new OutcomeCounts();
  const accepted: Decision[] = [];
  let [total, started, drafts] = [0, 0, 0];
  for (const { drafts: own, decision } of images) {
    total++;
    drafts += own;
    if (decision === undefined) continue;
    const isAccepted = decision.state === 'accepted';
    if (isAccepted) accepted.push(decision);
    else if (countBoxes(decision) > 0) started++;
    tallyBoxes(decision, counts);
  }
  const { all, ofAccepted } = counts;
  const decided = sum(all);
  const todo = { images: total - accepted.length, drafts };
  return {
    images: { total, accepted: accepted.length, started },
    boxes: { total: decided + drafts, decided },
    shares: { images: share(accepted.length, total), boxes: share(decided, decided + drafts) },
    outcomes: all,
    outcomesByClass: counts.byClass,
    left: { ...todo, ...estimate(todo, { accepted, outcomes: ofAccepted, seconds }) },
  };
}

/**
 * How long the rest takes: each image is looked at, its drafts are checked, adjusted or deleted, and objects drawn, as
 * often as in the images that were accepted. Where it is known how long those took, the rest goes as fast.
 */
function estimate(
  todo: { readonly images: number; readonly drafts: number },
  done: { readonly accepted: readonly Decision[]; readonly outcomes: Outcomes; readonly seconds: SecondsPerBox },
): Pick<ReviewLeft, 'minutes' | 'basis'> {
  const { accepted, outcomes, seconds } = done;
  const usual = secondsFor({ images: accepted.length, outcomes }, seconds);
  const isTelling = accepted.length >= ENOUGH_IMAGES;
  const expected = isTelling ? expect(todo, done) : { ...NONE, kept: todo.drafts };
  const left = secondsFor({ images: todo.images, outcomes: expected }, seconds);
  const worked = isTelling ? secondsWorked(accepted) : undefined;
  const hasPace = worked !== undefined && worked.seconds >= ENOUGH_SECONDS && usual > 0;
  // What the images before each pause were worth, is worth the share of all that was timed.
  const pace = hasPace ? worked.seconds / (usual * (worked.images / accepted.length)) : 1;
  return {
    minutes: (left * pace) / 60,
    basis: { outcomes: isTelling ? 'own' : 'usual', pace: hasPace ? 'own' : 'usual' },
  };
}

/** What becomes of drafts and images, if the others are like those that were accepted. */
function expect(
  { images, drafts }: { readonly images: number; readonly drafts: number },
  { accepted, outcomes: { kept, corrected, rejected, drawn } }: { accepted: readonly Decision[]; outcomes: Outcomes },
): Outcomes {
  const judged = kept + corrected + rejected;
  const ofDrafts = (count: number) => (judged === 0 ? 0 : (drafts * count) / judged);
  return {
    kept: judged === 0 ? drafts : ofDrafts(kept),
    corrected: ofDrafts(corrected),
    rejected: ofDrafts(rejected),
    drawn: (images * drawn) / accepted.length,
  };
}

/** An image is looked at once, however many boxes it has. */
function secondsFor(
  { images, outcomes }: { readonly images: number; readonly outcomes: Outcomes },
  seconds: SecondsPerBox,
): number {
  const { kept, corrected, rejected, drawn } = outcomes;
  const work = { stay: kept, adjust: corrected, delete: rejected, draw: drawn };
  return images * seconds.check + secondsOf(work, seconds).left;
}

function sum({ kept, corrected, rejected, drawn }: Outcomes): number {
  return kept + corrected + rejected + drawn;
}

function share(part: number, total: number): number {
  return total === 0 ? 1 : part / total;
}
