import { applyChanges, type Change, type DecidedBox, type Decision } from '../../../../src/core/review/decision.js';
import type { SavedDecision } from '../../../../src/core/review/overwritten.js';
import { RequestProblem } from '../../../../src/page/gallery/saving/request-problem.js';
import { SaveQueue, type SentStep } from '../../../../src/page/gallery/saving/save-queue.js';
import { RecentSteps } from '../../../../src/run/review/recent-steps.js';

export const UNDECIDED = { state: 'open' as const, boxes: [] };

export function drawn(id: string, x = 0): DecidedBox {
  return { id, status: 'drawn', class: 'pallet', box: [x, 0, x + 10, 10] };
}

export function set(id: string, x = 0): Change[] {
  return [{ op: 'set', box: drawn(id, x) }];
}

/** What a server does with changes, when it is told to answer. */
class Server {
  readonly decisions = new Map<string, Decision>();
  readonly received: ({ readonly image: string } & Omit<SentStep, 'seen'>)[] = [];
  readonly #waiting: { answer(): void; fail(error: Error): void }[] = [];
  readonly #steps = new RecentSteps();
  #revision = 0;

  readonly save = (image: string, step: SentStep): Promise<SavedDecision> => {
    const { id, base, changes } = step;
    this.received.push({ image, changes, id, base });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ answer: () => resolve(this.decide(image, changes, step)), fail: reject });
    });
  };

  /** @param step - Left out: of another page. */
  decide(image: string, changes: readonly Change[], step: Partial<SentStep> = {}): SavedDecision {
    const known = step.id === undefined ? undefined : this.#steps.byId(step.id);
    if (known !== undefined) return known;
    const next = applyChanges(this.decisions.get(image) ?? UNDECIDED, changes);
    const decision = { image, sha256: 'a', revision: ++this.#revision, author: 'A', at: '', ...next };
    this.decisions.set(image, decision);
    return this.#steps.add(decision, { ...step, changes });
  }

  async answer(): Promise<void> {
    this.#waiting.shift()!.answer();
    await settle();
  }

  async fail(error: Error): Promise<void> {
    this.#waiting.shift()!.fail(error);
    await settle();
  }
}

const { setTimeout: realTimeout } = globalThis; // tests may have another clock
export const settle = () => new Promise((resolve) => realTimeout(resolve, 0));

export function openQueue() {
  const server = new Server();
  const told: string[] = [];
  const overwrote: unknown[] = [];
  const queue = new SaveQueue({
    page: 'mine',
    save: server.save,
    onSaved: (decision) => overwrote.push(...(decision.overwrote ?? [])),
    onChange: () => {},
    onProblem: (problem) => told.push(problem?.kind ?? 'none'),
    onRefused: ({ message }) => told.push(message),
    retryMs: [5, 10],
  });
  const boxesOf = (image: string) => {
    const nothing = { image: '', sha256: '', revision: 0, author: '', at: '' };
    return queue.decisionOn(image, () => ({ ...nothing, ...UNDECIDED }))?.boxes ?? [];
  };
  return { server, queue, told, overwrote, boxesOf };
}

export const GONE = new RequestProblem('unreachable', 'The server does not answer.');
