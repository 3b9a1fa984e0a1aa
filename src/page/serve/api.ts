import type { PredictAnswer, Info } from './answers.js';
import { currentApiKey, askForKey } from './key.js';
import { PageError, toPageError } from '../shared/page-error.js';
import type { OntologyField } from './prompt-text.js';

/** What the page asks the server. Addresses are relative, so that a proxy may put the server under a path. */

/** An image of the visitor's own, or the address of one. */
export type ImageInput = { readonly name: string } & ({ readonly file: Blob } | { readonly url: string });

/** A request for the boxes of one image. */
export interface PredictQuery {
  readonly image: ImageInput;
  readonly scoreThreshold: number;
  readonly ontology?: OntologyField; // default: the server's own
  readonly lines: readonly (readonly number[])[]; // line of each prompt of each class in the text of prompts
}

/** An answer with the server's own timing. */
export interface TimedAnswer {
  readonly answer: PredictAnswer;
  readonly stages: readonly { readonly name: string; readonly ms: number }[];
}

const STARTING_RETRY_MS = 1000;

/** Asks what the server looks for; while it is starting, waits. @throws Problem */
export async function fetchInfo(signal: AbortSignal, onWait: () => void): Promise<Info> {
  for (;;) {
    const response = await send('info', { signal });
    if (response.ok) return (await response.json()) as Info;
    if (response.status !== 503) throw await readRefusal(response);
    onWait();
    await new Promise((resolve) => setTimeout(resolve, STARTING_RETRY_MS));
    signal.throwIfAborted();
  }
}

/** Has one image annotated. @throws Problem, or the signal's reason */
export async function fetchPrediction(query: PredictQuery, signal: AbortSignal): Promise<TimedAnswer> {
  const response = await send('predict', { method: 'POST', signal, ...createBody(query) });
  if (!response.ok) throw await readRefusal(response, query.lines);
  const answer = (await response.json()) as PredictAnswer;
  return { answer, stages: parseServerTiming(response.headers.get('server-timing') ?? '') };
}

function createBody({ image, scoreThreshold, ontology }: PredictQuery): Pick<RequestInit, 'body' | 'headers'> {
  if ('url' in image) {
    const body = { image_url: image.url, score_threshold: scoreThreshold, ...(ontology && { ontology }) };
    return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  }
  const form = new FormData();
  form.set('image', image.file, 'image'); // the server does not need the name of the file
  form.set('score_threshold', String(scoreThreshold));
  if (ontology !== undefined) form.set('ontology', JSON.stringify(ontology));
  return { body: form };
}

/** Sends a request with the visitor's API key; asks the visitor for another one as long as the server answers 401. */
async function send(path: string, init: RequestInit): Promise<Response> {
  for (;;) {
    const key = currentApiKey();
    const headers = new Headers(init.headers);
    if (key !== undefined) headers.set('x-api-key', key);
    const response = await fetchOrFail(path, { ...init, headers });
    if (response.status !== 401) return response;
    if (!(await askForKey(key))) throw await readRefusal(response);
  }
}

async function fetchOrFail(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    throw new PageError('The server could not be reached', [
      'Is it still running? If the image is very large, the server may have cut the connection.',
      String(error),
    ]);
  }
}

async function readRefusal(response: Response, lines?: readonly (readonly number[])[]): Promise<PageError> {
  const retryAfter = response.headers.get('retry-after');
  return toPageError({ status: response.status, retryAfter }, await response.text(), lines);
}

/** Of a header such as `decode;dur=3.1, infer;dur=80.2`. */
function parseServerTiming(header: string): TimedAnswer['stages'] {
  return [...header.matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, ms]) => ({ name: name!, ms: Number(ms) }));
}
