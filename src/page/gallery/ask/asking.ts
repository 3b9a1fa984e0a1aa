import { batch, effect, signal, untracked } from '@preact/signals';
import { idForDeciding } from '../../../core/review/reviewed-boxes.js';
import {
  answer,
  decisionOf,
  answerThresholds,
  backend,
  current,
  follow,
  pack,
  selectedBox,
  shownBoxes,
} from '../app/state.js';
import type { KeepState, Question } from '../../../core/gallery/ask.js';

/** How often the page asks how far the run is. */
const POLL_MS = 500;

/** A question that is being answered, or was. */
export const asked = signal<Question | undefined>(undefined);
export const isAsking = signal(false);
export const askProblem = signal<string | undefined>(undefined);
export const tookMs = signal<number | undefined>(undefined);
export const keepState = signal<KeepState>({ is: 'idle' });
export const keepProblem = signal<string | undefined>(undefined);

let running: AbortController | undefined;

/** Asks about all images. A question that is still being answered is given up. */
export async function ask(question: Question): Promise<void> {
  running?.abort();
  const own = (running = new AbortController());
  batch(() => {
    asked.value = question;
    isAsking.value = true;
    askProblem.value = keepProblem.value = undefined;
    const { is } = keepState.value;
    if (is !== 'running' && is !== 'done') keepState.value = { is: 'idle' }; // what was done can be taken back
  });
  try {
    const { pack: found, ms } = await backend.value!.ask!.ask(question, own.signal);
    if (own.signal.aborted) return;
    const images = pack.value!.facts.images.ids;
    if (found.facts.images.ids.join() !== images.join()) throw new Error('The run has changed. Load the page again.');
    batch(() => {
      answer.value = found;
      answerThresholds.value = found.facts.classes.map(({ threshold }) => threshold);
      tookMs.value = ms;
    });
  } catch (error) {
    if (!own.signal.aborted) askProblem.value = messageOf(error);
  } finally {
    if (running === own) isAsking.value = false;
  }
}

/** What was asked about a run does not hold for what became of it. */
effect(() => {
  follow(pack);
  untracked(clearAnswer);
});

/** Ends the question, and shows the run again. */
export function clearAnswer(): void {
  running?.abort();
  batch(() => {
    isAsking.value = false;
    asked.value = answer.value = askProblem.value = keepProblem.value = tookMs.value = undefined;
    answerThresholds.value = [];
  });
}

/** What was refused is not what is written now. */
export function forgetProblems(): void {
  askProblem.value = keepProblem.value = undefined;
}

export function moveAnswerThreshold(classIndex: number, value: number): void {
  forgetProblems();
  const floor = answer.value?.facts.scoreFloor ?? 0;
  const next = Math.min(1, Math.max(floor, value));
  answerThresholds.value = answerThresholds.value.map((one, i) => (i === classIndex ? next : one));
}

/** The selected box of the open image, as a question; undefined while there is none. */
export function likeSelected(): Question | undefined {
  const [image, id] = [current.value, selectedBox.value];
  if (image === undefined || id === undefined) return undefined;
  const { drafts, suggestions } = shownBoxes(image);
  const decided = decisionOf(image)?.boxes ?? [];
  const ofModel = [...drafts, ...suggestions].find((one) => idForDeciding(one, decided) === id);
  const box = (decided.find((one) => one.id === id) ?? ofModel)?.box;
  if (box === undefined) return undefined;
  return { like: { image: pack.value!.facts.images.ids[image]!, box: [box[0], box[1], box[2], box[3]] } };
}

/** What an answer is kept as. */
export interface KeptAs {
  readonly class: string;
  readonly threshold?: number;
}

/** Keeps what was asked as a class, and follows the run while it is brought up to date. */
export async function keep(as: KeptAs): Promise<void> {
  await begin(() => backend.value!.ask!.keep(asked.value!, as));
}

/** Takes back what was kept last. */
export async function takeBack(): Promise<void> {
  await begin(() => backend.value!.ask!.takeBack());
}

/** Shows no more what was kept or taken back. */
export async function dismiss(): Promise<void> {
  await begin(() => backend.value!.ask!.dismiss());
}

async function begin(work: () => Promise<KeepState>): Promise<void> {
  keepProblem.value = undefined;
  try {
    keepState.value = await work();
    await followKeeping();
  } catch (error) {
    keepProblem.value = messageOf(error);
  }
}

/** Follows what is being kept until it ends, also what was begun before the page was loaded. */
export async function followKeeping(): Promise<void> {
  while (keepState.value.is === 'running') {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    // A server that does not answer for a while is asked again: other parts of the page tell of it.
    keepState.value = (await backend.value!.ask!.keepState().catch(() => undefined)) ?? keepState.value;
  }
  if (keepState.value.is === 'done') clearAnswer();
}

export async function readKeeping(): Promise<void> {
  const state = await backend.value?.ask?.keepState().catch(() => undefined);
  if (state?.is !== 'running' && state?.is !== 'done') return;
  keepState.value = state;
  await followKeeping();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
