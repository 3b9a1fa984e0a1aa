/** What is left to do for people who correct drafts: boxes by what becomes of them. */
export interface WorkLeft {
  readonly stay: number; // drafts
  readonly adjust: number;
  readonly delete: number;
  readonly draw: number; // objects without a draft
}

/** Seconds that a person takes for a box of each kind. */
export interface SecondsPerBox {
  readonly draw: number;
  readonly adjust: number;
  readonly delete: number;
  readonly check: number; // of a draft that stays
}

export const USUAL_SECONDS: SecondsPerBox = { draw: 25, adjust: 10, delete: 2, check: 1 };

/** Seconds of work that are left, and without drafts: with every object to be drawn. */
export function secondsOf(work: WorkLeft, seconds: SecondsPerBox): { left: number; withoutDrafts: number } {
  const { stay, adjust, delete: surplus, draw } = work;
  return {
    left: stay * seconds.check + adjust * seconds.adjust + surplus * seconds.delete + draw * seconds.draw,
    withoutDrafts: (stay + adjust + draw) * seconds.draw,
  };
}
