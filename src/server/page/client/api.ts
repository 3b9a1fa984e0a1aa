import type { Answer, Info } from './answers.js';
import { apiKey, askForKey } from './key.js';
import { Problem, problemOf } from './problems.js';
import type { OntologyField } from './prompts.js';

/** What the page asks the server. Addresses are relative, so that a proxy may put the server under a path. */

/** An image of the visitor's own, or the address of one. */
export type Source = { readonly name: string } & ({ readonly file: Blob } | { readonly url: string });

/** How an image is looked at. */
export interface Question {
  readonly source: Source;
  readonly scoreThreshold: number;
  readonly ontology?: OntologyField; // none: the server's own
  readonly lines: readonly number[]; // of the prompts, where classes are
}

/** An answer, and what the server says of the time it took. */
export interface Timed {
  readonly answer: Answer;
  readonly stages: readonly { readonly name: string; readonly ms: number }[];
}

const STARTING_RETRY_MS = 1000;

/** Asks what the server looks for; while it is starting, waits. @throws Problem */
export async function askInfo(signal: AbortSignal, onWait: () => void): Promise<Info> {
  for (;;) {
    const response = await send('info', { signal });
    if (response.ok) return (await response.json()) as Info;
    if (response.status !== 503) throw await refusalOf(response);
    onWait();
    await new Promise((resolve) => setTimeout(resolve, STARTING_RETRY_MS));
    signal.throwIfAborted();
  }
}

/** Has one image annotated. @throws Problem, or the signal's reason */
export async function askPredict(question: Question, signal: AbortSignal): Promise<Timed> {
  const response = await send('predict', { method: 'POST', signal, ...bodyOf(question) });
  if (!response.ok) throw await refusalOf(response, question.lines);
  const answer = (await response.json()) as Answer;
  return { answer, stages: stagesOf(response.headers.get('server-timing') ?? '') };
}

function bodyOf({ source, scoreThreshold, ontology }: Question): Pick<RequestInit, 'body' | 'headers'> {
  if ('url' in source) {
    const body = { image_url: source.url, score_threshold: scoreThreshold, ...(ontology && { ontology }) };
    return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  }
  const form = new FormData();
  form.set('image', source.file, 'image'); // what the file is called is nobody's business
  form.set('score_threshold', String(scoreThreshold));
  if (ontology !== undefined) form.set('ontology', JSON.stringify(ontology));
  return { body: form };
}

/** Sends a request with the visitor's key; asks for one, and for another, as long as the server wants that. */
async function send(path: string, init: RequestInit): Promise<Response> {
  for (;;) {
    const key = apiKey();
    const headers = new Headers(init.headers);
    if (key !== undefined) headers.set('x-api-key', key);
    const response = await reached(path, { ...init, headers });
    if (response.status !== 401) return response;
    if (!(await askForKey(key))) throw await refusalOf(response);
  }
}

async function reached(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    throw new Problem('The server could not be reached', [
      'Is it still running? If the image is very large, the server may have cut the connection.',
      String(error),
    ]);
  }
}

async function refusalOf(response: Response, lines?: readonly number[]): Promise<Problem> {
  const retryAfter = response.headers.get('retry-after');
  return problemOf({ status: response.status, retryAfter }, await response.text(), lines);
}

/** Of a header such as `decode;dur=3.1, infer;dur=80.2`. */
function stagesOf(header: string): Timed['stages'] {
  return [...header.matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, ms]) => ({ name: name!, ms: Number(ms) }));
}
