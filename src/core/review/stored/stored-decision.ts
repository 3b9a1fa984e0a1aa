import type { DecidedBox, Decision } from '../decision.js';
import { OutcomeCounts, PLACES } from '../outcomes.js';

/** What of a box is counted and filtered by. */
export type BoxFacts = Pick<DecidedBox, 'status' | 'class' | 'prompt' | 'score'>;

/** Where the boxes of a decision are, until they are asked for. */
export interface BoxSource {
  readonly count: number;
  boxes(): readonly DecidedBox[];
  /** Raises counts of what became of the boxes. @param offset - Of the counts, in those of each class */
  tally(counts: OutcomeCounts, offset: number): void;
  /** Whether one of the boxes is wanted. @param isWanted - Is given the same object for each box. */
  some(isWanted: (box: BoxFacts) => boolean): boolean;
}

/** What there is of a decision besides its boxes. */
interface Facts extends Omit<Decision, 'boxes' | 'at'> {
  readonly at: string | number; // or milliseconds since 1970
}

/** A decision whose boxes are made when they are asked for first: a run may have millions, of which few are shown. */
export class StoredDecision implements Decision {
  readonly image: string;
  readonly sha256: string;
  readonly revision: number;
  readonly state: Decision['state'];
  declare readonly boxes: readonly DecidedBox[];
  readonly author: string;
  declare readonly at: string;
  readonly #at: string | number;
  readonly #source: BoxSource;
  #made: readonly DecidedBox[] | undefined;

  constructor({ image, sha256, revision, state, author, at }: Facts, source: BoxSource) {
    this.image = image;
    this.sha256 = sha256;
    this.revision = revision;
    this.state = state;
    Object.defineProperty(this, 'boxes', StoredDecision.#boxes);
    this.author = author;
    Object.defineProperty(this, 'at', StoredDecision.#time);
    this.#at = at;
    this.#source = source;
  }

  /** Where the boxes are; undefined: they were made already. */
  static sourceOf(decision: object): BoxSource | undefined {
    return #source in decision && decision.#made === undefined ? decision.#source : undefined;
  }

  /** When it was decided, in milliseconds since 1970. */
  static timeOf(decision: Pick<Decision, 'at'>): number {
    const at = #at in decision ? decision.#at : decision.at;
    return typeof at === 'number' ? at : Date.parse(at);
  }

  static readonly #time: PropertyDescriptor & ThisType<StoredDecision> = {
    enumerable: true,
    get() {
      return typeof this.#at === 'number' ? new Date(this.#at).toISOString() : this.#at;
    },
  };

  /** One for all, and a property of each, so that copies have the boxes. */
  static readonly #boxes: PropertyDescriptor & ThisType<StoredDecision> = {
    enumerable: true,
    get() {
      return (this.#made ??= this.#source.boxes());
    },
  };
}

/** How many boxes are decided on, without having them made. */
export function countBoxes(decision: Pick<Decision, 'boxes'>): number {
  return StoredDecision.sourceOf(decision)?.count ?? decision.boxes.length;
}

/** Whether anything is decided. Where all was undone, there is still a decision, with the revision of the last step. */
export function isDecided(decision: Pick<Decision, 'state' | 'boxes'>): boolean {
  return decision.state === 'accepted' || countBoxes(decision) > 0;
}

/** Whether one of the boxes is wanted, without having them made. */
export function someBox(decision: Pick<Decision, 'boxes'>, isWanted: (box: BoxFacts) => boolean): boolean {
  return StoredDecision.sourceOf(decision)?.some(isWanted) ?? decision.boxes.some(isWanted);
}

/** Counts what became of the boxes, without having them made. */
export function tallyBoxes(decision: Pick<Decision, 'state' | 'boxes'>, counts: OutcomeCounts): void {
  const offset = OutcomeCounts.offset(decision.state === 'accepted');
  const source = StoredDecision.sourceOf(decision);
  if (source !== undefined) source.tally(counts, offset);
  else for (const { status, class: name } of decision.boxes) counts.of(name)[offset + PLACES[status]]!++;
}
