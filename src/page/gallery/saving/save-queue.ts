import { applyChanges, type Change, type Decision } from '../../../core/review/decision.js';
import { isDecidedAlike, subjectOf, type SavedDecision } from '../../../core/review/overwritten.js';
import { RequestProblem } from './request-problem.js';

type Decided = Pick<Decision, 'state' | 'boxes'>;

export interface SaveQueueOptions {
  readonly page: string; // letters and digits that no other page has
  /**
   * Resolves once the step is on disk.
   *
   * @param image - Name.
   * @throws RequestProblem: its kind tells whether it is sent again; another error means that it is refused
   */
  save(image: string, step: SentStep): Promise<SavedDecision>;
  /** Called with the answer to each step. */
  onSaved(decision: SavedDecision): void;
  /** Called when what is decided on an image, or how much is not saved, is another. */
  onChange(image: string): void;
  /** Called with what keeps changes from being saved, and with undefined once something was. */
  onProblem(problem: RequestProblem | undefined): void;
  /** Called when changes are taken out of the queue, because the server does not accept them. */
  onRefused(refused: Refused): void;
  readonly retryMs?: readonly [shortest: number, longest: number];
}

/** What the server is told of a step. */
export interface SentStep {
  readonly id: string; // the same each time it is sent, so that it is applied once
  readonly base: number; // revision of what was shown of the image when it was made; 0: nothing was decided
  readonly seen: string | undefined; // digest of the bytes of the image
  readonly changes: readonly Change[];
}

/** A step that is not saved. */
export interface Refused {
  readonly image: string;
  readonly seen: string | undefined; // digest of the bytes of the image that it is about
  readonly changes: readonly Change[];
  readonly message: string;
}

/** Steps on one image that are sent together. */
interface Pending extends Pick<SentStep, 'base' | 'seen'> {
  readonly image: string;
  readonly steps: (readonly Change[])[];
  changes: readonly Change[]; // the steps, joined
  id: string | undefined; // since it was sent first: nothing is joined to it any more
  faults: number; // how often the server has failed at them
}

const NONE: readonly Change[] = [];

/** After so many failures whose cause the server does not know, changes are taken to be refused. */
const MOST_FAULTS = 3;

/**
 * Changes on their way to the server, in their order and one at a time. What is shown is what the server last said with
 * the changes that are under way on top, so that the decisions of other people and tabs are seen at once, and lose
 * nothing. Images go by their names, because a run that is brought up to date may number them differently.
 */
export class SaveQueue {
  readonly #options: SaveQueueOptions;
  readonly #confirmed = new Map<string, Decision>();
  readonly #pending: Pending[] = [];
  #isSending = false;
  #isBlocked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  #sent = 0; // steps

  constructor(options: SaveQueueOptions) {
    this.#options = options;
  }

  /** What people decided about an image, with what is not saved yet; undefined: nothing. */
  decisionOn(image: string, unsaved: () => Decision): Decision | undefined {
    const changes = this.#changesOf(image);
    const confirmed = this.#confirmed.get(image);
    if (changes.length === 0) return confirmed;
    const before = confirmed ?? unsaved();
    return { ...before, ...applyChanges(before, changes) };
  }

  /** How many changes are not known to be on disk. */
  get count(): number {
    return this.#pending.length;
  }

  /** Images that people have decided about, whether it is saved or not. */
  get images(): ReadonlySet<string> {
    return new Set([...this.#confirmed.keys(), ...this.#pending.map(({ image }) => image)]);
  }

  /** @param seen - Digest of the bytes of the image that the changes are about. */
  push(image: string, changes: readonly Change[], seen?: string): void {
    if (changes.length === 0) return;
    const last = this.#pending.at(-1);
    const of = { image, seen, base: this.#confirmed.get(image)?.revision ?? 0 };
    if (last !== undefined && last.id === undefined && isAboutSame(last, of)) {
      last.steps.push(changes);
      last.changes = join(last.changes, changes);
    } else this.#pending.push(toPending(of, changes));
    this.#options.onChange(image);
    void this.#send();
  }

  /**
   * Forgets decisions that the server has no more, by all that it has now. What it said after it had put these together
   * stays, and so does what is not saved.
   */
  forgetMissing(all: readonly Decision[]): void {
    if (this.#confirmed.size === 0) return;
    const images = new Set(all.map(({ image }) => image));
    const newest = all.reduce((most, { revision }) => Math.max(most, revision), 0);
    for (const [image, { revision }] of this.#confirmed) {
      if (images.has(image) || revision > newest) continue;
      this.#confirmed.delete(image);
      this.#options.onChange(image);
    }
  }

  /** Takes what the server says about an image, from wherever it was changed. */
  receive(image: string, decision: Decision): void {
    const known = this.#confirmed.get(image);
    if (known !== undefined && known.revision >= decision.revision) return;
    this.#confirmed.set(image, decision);
    this.#options.onChange(image);
  }

  /** Tries again at once, such as when the connection is back or a person asks for it. */
  retry(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempts = 0;
    this.#isBlocked = false;
    void this.#send();
  }

  async #send(): Promise<void> {
    const first = this.#pending[0];
    if (first === undefined || this.#isSending || this.#isBlocked || this.#timer !== undefined) return;
    this.#isSending = true;
    first.id ??= `${this.#options.page}-${++this.#sent}`;
    const { image, id, base, seen, changes } = first;
    const result = await this.#options.save(image, { id, base, seen, changes }).catch((error: unknown) => error);
    this.#isSending = false;
    if (result instanceof RequestProblem && this.#isWorthSendingAgain(result, first)) {
      this.#isBlocked = result.kind === 'blocked';
      this.#options.onProblem(result);
      if (!this.#isBlocked) this.#retryLater();
      return;
    }
    this.#pending.shift();
    this.#attempts = 0;
    this.#options.onProblem(undefined);
    if (result instanceof Error) this.#giveUp(first, result.message);
    else {
      this.receive(image, result as SavedDecision);
      this.#options.onSaved(result as SavedDecision);
    }
    this.#options.onChange(image);
    void this.#send();
  }

  #isWorthSendingAgain({ kind }: RequestProblem, pending: Pending): boolean {
    return kind === 'fault' ? ++pending.faults < MOST_FAULTS : kind !== 'refused';
  }

  /** Of several steps that were sent together, one alone may be what is refused: they are sent one by one. */
  #giveUp({ image, base, seen, steps }: Pending, message: string): void {
    if (steps.length > 1) this.#pending.unshift(...steps.map((changes) => toPending({ image, base, seen }, changes)));
    else this.#options.onRefused({ image, seen, changes: steps[0]!, message });
  }

  #retryLater(): void {
    const [shortest, longest] = this.#options.retryMs ?? [500, 10_000];
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.#send();
      },
      Math.min(shortest * 2 ** this.#attempts++, longest),
    );
  }

  #changesOf(image: string): readonly Change[] {
    if (this.#pending.length === 0) return NONE;
    return this.#pending.filter((one) => one.image === image).flatMap(({ changes }) => changes);
  }
}

function toPending(about: Pick<Pending, 'image' | 'base' | 'seen'>, changes: readonly Change[]): Pending {
  return { ...about, steps: [changes], changes, id: undefined, faults: 0 };
}

function isAboutSame(a: Pending, b: Pick<Pending, 'image' | 'base' | 'seen'>): boolean {
  return a.image === b.image && a.base === b.base && a.seen === b.seen;
}

/** Later changes to a box replace earlier ones. */
function join(earlier: readonly Change[], later: readonly Change[]): Change[] {
  const replaced = new Set(later.map(subjectOf));
  return [...earlier.filter((change) => !replaced.has(subjectOf(change))), ...later];
}

/** Whether changes are still what is decided. */
export function isAsLeft({ state, boxes }: Decided, changes: readonly Change[]): boolean {
  return changes.every((change) => {
    if (change.op === 'state') return state === change.state;
    const box = boxes.find(({ id }) => id === (change.op === 'set' ? change.box.id : change.id));
    if (change.op === 'forget' || box === undefined) return change.op === 'forget' && box === undefined;
    return isDecidedAlike(box, change.box);
  });
}
