import { decodePack } from '../../core/gallery/pack.js';
import type { Change, Decision } from '../../core/review/decision.js';
import type { AskState, KeepState, Question } from '../../core/gallery/ask.js';
import type { AskBackend, Backend, ReviewBackend } from './backend.js';
import { RequestProblem, toRequestProblem } from './saving/request-problem.js';

interface ServerState {
  readonly title: string;
  readonly author: string;
  readonly readOnly: string | null;
  readonly ask: AskState;
  readonly places?: Backend['places'];
}

/** The server of `preannotate review`. */
export async function openReviewBackend(): Promise<Backend> {
  const state = (await (await request('/api/state')).json()) as ServerState;
  const review: ReviewBackend = {
    author: state.author,
    readOnly: state.readOnly ?? undefined,
    decisions: async () => (await (await request('/api/decisions')).json()) as Decision[],
    save: async (image: number, changes: readonly Change[], seen: string | undefined) =>
      (await (await request('/api/decisions', { body: { image, changes, seen } })).json()) as Decision,
    subscribe,
  };
  const ask: AskBackend = {
    state: state.ask,
    ask: async (question: Question, signal: AbortSignal) => {
      const start = performance.now();
      const response = await request('/api/ask', { body: question, signal });
      const pack = decodePack(new Uint8Array(await response.arrayBuffer()));
      return { pack, ms: durationOf(response) ?? performance.now() - start };
    },
    keep: async (question, as) =>
      (await (await request('/api/ask/keep', { body: { question, ...as } })).json()) as KeepState,
    takeBack: async () => (await (await request('/api/ask/take-back', { body: {} })).json()) as KeepState,
    keepState: async () => (await (await request('/api/ask/keep')).json()) as KeepState,
  };
  return {
    load: async () => decodePack(new Uint8Array(await (await request('/api/pack')).arrayBuffer())),
    imageUrl: (id) => `/api/images/${id}`,
    thumbnailUrl: (id, width) => `/api/images/${id}/thumbnail?width=${width <= 160 ? 160 : 320}`,
    ...(state.places === undefined ? {} : { places: state.places }),
    review,
    ask,
  };
}

/** Follows the events of the server. The browser connects again by itself, but not after an answer such as 401. */
function subscribe(listener: Parameters<ReviewBackend['subscribe']>[0]): void {
  const events = new EventSource('/api/events');
  events.onopen = () => listener.onState(true);
  events.onerror = () => {
    listener.onState(false);
    if (events.readyState !== EventSource.CLOSED) return;
    events.close();
    void findRefusal().then((reason) => reason !== undefined && listener.onState(false, reason));
    setTimeout(() => subscribe(listener), 3000);
  };
  events.addEventListener('decision', ({ data }) => listener.onDecision(JSON.parse(String(data)) as Decision));
  events.addEventListener('run', () => listener.onRun());
}

/** Why the server, which answers, does not send events: it has another link now. */
async function findRefusal(): Promise<string | undefined> {
  try {
    await request('/api/state');
    return undefined;
  } catch (error) {
    return error instanceof RequestProblem && error.kind !== 'unreachable' ? error.message : undefined;
  }
}

/** @throws RequestProblem */
async function request(path: string, given: { body?: unknown; signal?: AbortSignal } = {}): Promise<Response> {
  const { body, signal } = given;
  const response = await fetch(path, {
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new RequestProblem('unreachable', 'The server does not answer. Is `preannotate review` still running?');
  });
  if (response.ok) return response;
  const retryAfter = response.headers.get('retry-after');
  throw toRequestProblem({ status: response.status, retryAfter }, await response.text());
}

/** Milliseconds that the server worked, from its server-timing header. */
function durationOf({ headers }: Response): number | undefined {
  const stated = /dur=([\d.]+)/.exec(headers.get('server-timing') ?? '')?.[1];
  return stated === undefined ? undefined : Number(stated);
}
