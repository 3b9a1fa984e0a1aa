import { decodePack, type GalleryPack } from '../../core/gallery/pack.js';
import { fromCompactDecision, type CompactDecision } from '../../core/review/compact.js';
import type { Decision } from '../../core/review/decision.js';
import { decodeDecisions } from '../../core/review/packed/packed-decisions.js';
import { unpackDecisions } from '../../core/review/packed/unpack-decisions.js';
import type { SavedDecision } from '../../core/review/overwritten.js';
import type { AskState, KeepState, Question } from '../../core/gallery/ask.js';
import type { AskBackend, Backend, ReviewBackend, ReviewListener } from './backend.js';
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
  const pack = new ServerPack();
  return toBackend(await readState(), pack);
}

async function readState(): Promise<ServerState> {
  return (await (await request('/api/state')).json()) as ServerState;
}

function toBackend(state: ServerState, pack: ServerPack): Backend {
  const review: ReviewBackend = {
    author: state.author,
    readOnly: state.readOnly ?? undefined,
    decisions: () => pack.decisions(),
    replaced: async () => (await (await request('/api/replaced')).json()) as number[],
    save: async (image: number, { id, base, seen, changes }) => {
      const body = { image, changes, seen, step: id, base };
      return (await (await request('/api/decisions', { body })).json()) as SavedDecision;
    },
    subscribe,
    refresh: async () => {
      const [now, changed] = await Promise.all([readState(), pack.loadChanged()]);
      return { backend: toBackend(now, pack), pack: changed };
    },
  };
  const ask: AskBackend = {
    state: state.ask,
    ask: async (question: Question, signal: AbortSignal) => {
      const start = performance.now();
      const response = await request('/api/ask', { body: question, signal });
      const found = decodePack(new Uint8Array(await response.arrayBuffer()));
      return { pack: found, ms: durationOf(response) ?? performance.now() - start };
    },
    keep: async (question, as) =>
      (await (await request('/api/ask/keep', { body: { question, ...as } })).json()) as KeepState,
    takeBack: async () => (await (await request('/api/ask/take-back', { body: {} })).json()) as KeepState,
    dismiss: async () => (await (await request('/api/ask/dismiss', { body: {} })).json()) as KeepState,
    keepState: async () => (await (await request('/api/ask/keep')).json()) as KeepState,
  };
  return {
    load: () => pack.load(),
    imageUrl: (id) => `/api/images/${id}`,
    thumbnailUrl: (id, width) => `/api/images/${id}/thumbnail?width=${width <= 160 ? 160 : 320}`,
    ...(state.places === undefined ? {} : { places: state.places }),
    review,
    ask,
  };
}

interface LoadedPack {
  readonly pack: GalleryPack;
  readonly tag: string | null;
}

/** The run as the server has it. */
class ServerPack {
  #loaded: Promise<LoadedPack | undefined> = Promise.resolve(undefined);

  async load(): Promise<GalleryPack> {
    const loading = requestPack();
    this.#loaded = loading;
    return (await loading)!.pack;
  }

  /** @returns undefined where it is the one that was loaded last. */
  async loadChanged(): Promise<GalleryPack | undefined> {
    const changed = await requestPack((await this.#loaded)?.tag);
    if (changed !== undefined) this.#loaded = Promise.resolve(changed);
    return changed?.pack;
  }

  /** Most boxes that people decided on come as rows of the pack, if the server still has the one that was loaded. */
  async decisions(): Promise<Decision[]> {
    const [response, loaded] = await Promise.all([request('/api/decisions?packed'), this.#loaded]);
    if (isJson(response)) return await readDecisions(response);
    const packed = decodeDecisions(new Uint8Array(await response.arrayBuffer()));
    if (loaded !== undefined && loaded.tag === `"${packed.tag}"`) return unpackDecisions(packed, loaded.pack);
    return await readDecisions(await request('/api/decisions?compact'));
  }
}

async function readDecisions(response: Response): Promise<Decision[]> {
  return ((await response.json()) as CompactDecision[]).map(fromCompactDecision);
}

function isJson({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/json') ?? false;
}

/** @param tag - Of a pack that is here already. @returns undefined where the server has that one. */
async function requestPack(tag: string | null = null): Promise<LoadedPack | undefined> {
  const response = await request('/api/pack', { headers: tag === null ? {} : { 'if-none-match': tag } });
  if (response.status === NOT_MODIFIED) return undefined;
  return { pack: decodePack(new Uint8Array(await response.arrayBuffer())), tag: response.headers.get('etag') };
}

/** Follows the events of the server. The browser connects again by itself, but not after an answer such as 401. */
function subscribe(listener: ReviewListener): void {
  let { after } = listener;
  const events = new EventSource(`/api/events?after=${after}`);
  events.onopen = () => listener.onState(true);
  events.onerror = () => {
    listener.onState(false);
    if (events.readyState !== EventSource.CLOSED) return;
    events.close();
    void findRefusal().then((reason) => reason !== undefined && listener.onState(false, reason));
    setTimeout(() => subscribe({ ...listener, after }), 3000);
  };
  events.addEventListener('decision', ({ data }) => {
    const decision = JSON.parse(String(data)) as SavedDecision;
    if (decision.revision <= after) return; // as when it was saved while the page connected
    after = decision.revision;
    listener.onDecision(decision);
  });
  events.addEventListener('decisions', () => {
    after = 0;
    listener.onMissed();
  });
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

const NOT_MODIFIED = 304;

interface Sent {
  readonly body?: unknown; // left out: nothing is sent, but something asked for
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** @throws RequestProblem */
async function request(path: string, given: Sent = {}): Promise<Response> {
  const { body, headers = {}, signal } = given;
  const response = await fetch(path, {
    ...(body === undefined
      ? { headers }
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new RequestProblem('unreachable', 'The server does not answer. Is `preannotate review` still running?');
  });
  if (response.ok || response.status === NOT_MODIFIED) return response;
  const retryAfter = response.headers.get('retry-after');
  throw toRequestProblem({ status: response.status, retryAfter }, await response.text());
}

/** Milliseconds that the server worked, from its server-timing header. */
function durationOf({ headers }: Response): number | undefined {
  const stated = /dur=([\d.]+)/.exec(headers.get('server-timing') ?? '')?.[1];
  return stated === undefined ? undefined : Number(stated);
}
