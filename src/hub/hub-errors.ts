import { messageOf, PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import { Passing, type Answer } from './http.js';
import { textOf, type HubReference } from './reference.js';

/** What a question was about, for messages. */
export interface Subject {
  readonly reference: HubReference;
  readonly endpoint: string;
  readonly name?: string; // of a file
  readonly hasToken: boolean;
}

const LATER = [408, 425, 429, 500, 502, 503, 504];

/**
 * Turns an answer that is not the wanted one into what is to be thrown.
 *
 * @returns A Passing for what may go better later, else PreannotateError MODEL_GATED, MODEL_NOT_FOUND or MODEL_DOWNLOAD_FAILED.
 */
export function refusalOf(answer: Answer, subject: Subject): Error {
  const { status, headers } = answer;
  if (LATER.includes(status)) {
    const retryAfterMs = retryAfterOf(headers['retry-after']);
    return new Passing(status === 429 ? 'too many requests (429)' : `status ${status}`, { retryAfterMs });
  }
  const code = String(headers['x-error-code'] ?? '');
  if (status === 401 || status === 403)
    return code === 'RepoNotFound' ? missing(subject, code) : gated(subject, answer);
  if (status === 404 || status === 410) return missing(subject, code);
  return new PreannotateError({
    code: 'MODEL_DOWNLOAD_FAILED',
    message: `${answer.url.origin} answered with status ${status} for ${shown(subject)}.`,
    hint: 'Check HF_ENDPOINT and the proxy settings.',
  });
}

/** What could not be had, after all tries. Failures that have a name already stay as they are. */
export function givenUp(error: unknown, { reference, endpoint }: Subject): unknown {
  if (error instanceof PreannotateError || !(error instanceof Error) || !isFromNetwork(error)) return error;
  return new PreannotateError(
    {
      code: 'MODEL_DOWNLOAD_FAILED',
      message: `${textOf(reference)} could not be fetched from ${endpoint}: ${printable(messageOf(error))}.`,
      hint:
        `Check the network (HTTPS_PROXY, HF_ENDPOINT), then: preannotate models pull ${textOf(reference)}\n` +
        'What has arrived is kept. Without a network, --model builtin:emoji is there to try the tool.',
    },
    error,
  );
}

/** A web page where a file was to be: a proxy's, or a login's. */
export function webPage({ url }: Answer, subject: Subject): PreannotateError {
  return new PreannotateError({
    code: 'MODEL_DOWNLOAD_FAILED',
    message: `${url.origin} answered with a web page instead of ${shown(subject)}.`,
    hint: 'A proxy or a login page may be in between: check the network, HTTPS_PROXY and HF_ENDPOINT.',
  });
}

function gated({ reference, endpoint, hasToken }: Subject, { status, headers }: Answer): PreannotateError {
  const page = `${endpoint}/${reference.repo}`;
  const reason = printable(String(headers['x-error-message'] ?? '')).slice(0, 300);
  return new PreannotateError({
    code: 'MODEL_GATED',
    message: `${endpoint} refuses ${textOf(reference)} (status ${status})${reason === '' ? '' : `: ${reason}`}`,
    hint: hasToken
      ? `The token of HF_TOKEN (or of \`hf auth login\`) does not open it: accept its conditions at ${page}, or use a token that may read it.`
      : `It may be gated or private, or not exist: open ${page}, accept its conditions, and set HF_TOKEN to a token of yours.`,
  });
}

function missing(subject: Subject, code: string): PreannotateError {
  const { reference, endpoint, name, hasToken } = subject;
  const { repo, revision } = reference;
  const page = `${endpoint}/${repo}`;
  if (code === 'RevisionNotFound') {
    const hint = `Its branches and tags are at ${page}/tree/main; leave @${revision} out for the newest.`;
    return new PreannotateError({ code: 'MODEL_NOT_FOUND', message: `${repo} has no revision "${revision}".`, hint });
  }
  if (name !== undefined) {
    const message = `${textOf(reference)} has no file ${printable(name)}.`;
    return new PreannotateError({
      code: 'MODEL_NOT_FOUND',
      message,
      hint: `Its files are listed at ${page}/tree/${revision}.`,
    });
  }
  return new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `There is no model ${textOf(reference)} at ${endpoint}, nor a folder of that name here.`,
    hint: `Check the name at ${page}.${hasToken ? '' : ' If it is private, set HF_TOKEN to a token that may read it.'}`,
  });
}

function shown({ reference, name }: Subject): string {
  return name === undefined ? textOf(reference) : `${printable(name)} of ${textOf(reference)}`;
}

/** Seconds or a date, as milliseconds from now. */
function retryAfterOf(header: string | undefined): number {
  if (header === undefined) return 0;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Math.max(0, ms || 0);
}

/** System errors of files have been named before; what is left with a code comes from sockets and TLS. */
function isFromNetwork(error: Error): boolean {
  return error instanceof Passing || ('code' in error && typeof error.code === 'string');
}
