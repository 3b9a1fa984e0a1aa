import { messageOf, PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import { TransientError, type HubResponse } from './http.js';
import { formatHubReference, type HubReference } from './reference.js';

/** What a question was about, for messages. */
export interface RequestSubject {
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
export function refusalError(answer: HubResponse, subject: RequestSubject): Error {
  const { status, headers } = answer;
  if (LATER.includes(status)) {
    const retryAfterMs = parseRetryAfter(headers['retry-after']);
    return new TransientError(status === 429 ? 'too many requests (429)' : `status ${status}`, { retryAfterMs });
  }
  const code = String(headers['x-error-code'] ?? '');
  if (status === 401 || status === 403)
    return code === 'RepoNotFound' ? missingError(subject, code) : gatedError(subject, answer);
  if (status === 404 || status === 410) return missingError(subject, code);
  return new PreannotateError({
    code: 'MODEL_DOWNLOAD_FAILED',
    message: `${answer.url.origin} answered with status ${status} for ${describeSubject(subject)}.`,
    hint: 'Check HF_ENDPOINT and the proxy settings.',
  });
}

/** What could not be had, after all tries. Failures that have a name already stay as they are. */
export function toHubError(error: unknown, { reference, endpoint }: RequestSubject): unknown {
  if (error instanceof PreannotateError || !(error instanceof Error) || !isFromNetwork(error)) return error;
  return new PreannotateError(
    {
      code: 'MODEL_DOWNLOAD_FAILED',
      message: `${formatHubReference(reference)} could not be fetched from ${endpoint}: ${printable(messageOf(error))}.`,
      hint:
        `Check the network (HTTPS_PROXY, HF_ENDPOINT), then: preannotate models pull ${formatHubReference(reference)}\n` +
        'What has arrived is kept. Without a network, --model builtin:emoji is there to try the tool.',
    },
    error,
  );
}

/** A web page where a file was to be: a proxy's, or a login's. */
export function webPageError({ url }: HubResponse, subject: RequestSubject): PreannotateError {
  return new PreannotateError({
    code: 'MODEL_DOWNLOAD_FAILED',
    message: `${url.origin} answered with a web page instead of ${describeSubject(subject)}.`,
    hint: 'A proxy or a login page may be in between: check the network, HTTPS_PROXY and HF_ENDPOINT.',
  });
}

function gatedError(
  { reference, endpoint, hasToken }: RequestSubject,
  { status, headers }: HubResponse,
): PreannotateError {
  const page = `${endpoint}/${reference.repo}`;
  const reason = printable(String(headers['x-error-message'] ?? '')).slice(0, 300);
  return new PreannotateError({
    code: 'MODEL_GATED',
    message: `${endpoint} refuses ${formatHubReference(reference)} (status ${status})${reason === '' ? '' : `: ${reason}`}`,
    hint: hasToken
      ? `The token of HF_TOKEN (or of \`hf auth login\`) does not open it: accept its conditions at ${page}, or use a token that may read it.`
      : `It may be gated or private, or not exist: open ${page}, accept its conditions, and set HF_TOKEN to a token of yours.`,
  });
}

function missingError(subject: RequestSubject, code: string): PreannotateError {
  const { reference, endpoint, name, hasToken } = subject;
  const { repo, revision } = reference;
  const page = `${endpoint}/${repo}`;
  if (code === 'RevisionNotFound') {
    const hint = `Its branches and tags are at ${page}/tree/main; leave @${revision} out for the newest.`;
    return new PreannotateError({ code: 'MODEL_NOT_FOUND', message: `${repo} has no revision "${revision}".`, hint });
  }
  if (name !== undefined) {
    const message = `${formatHubReference(reference)} has no file ${printable(name)}.`;
    return new PreannotateError({
      code: 'MODEL_NOT_FOUND',
      message,
      hint: `Its files are listed at ${page}/tree/${revision}.`,
    });
  }
  return new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `There is no model ${formatHubReference(reference)} at ${endpoint}, nor a folder of that name here.`,
    hint: `Check the name at ${page}.${hasToken ? '' : ' If it is private, set HF_TOKEN to a token that may read it.'}`,
  });
}

function describeSubject({ reference, name }: RequestSubject): string {
  return name === undefined ? formatHubReference(reference) : `${printable(name)} of ${formatHubReference(reference)}`;
}

/** Seconds or a date, as milliseconds from now. */
function parseRetryAfter(header: string | undefined): number {
  if (header === undefined) return 0;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Math.max(0, ms || 0);
}

/** System errors of files have been named before; what is left with a code comes from sockets and TLS. */
function isFromNetwork(error: Error): boolean {
  return error instanceof TransientError || ('code' in error && typeof error.code === 'string');
}
