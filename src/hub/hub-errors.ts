import { messageOf, PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import { TransientError, type HubResponse } from './http.js';
import { formatHubReference, type HubReference } from './reference.js';

/** What a request was for; used in error messages. */
export interface RequestSubject {
  readonly reference: HubReference;
  readonly endpoint: string;
  readonly name?: string; // of the requested file; undefined for the list of files
  readonly hasToken: boolean;
}

const TRANSIENT_STATUSES = [408, 425, 429, 500, 502, 503, 504];

/**
 * Maps an unsuccessful response to an error.
 *
 * @returns TransientError when a retry may succeed, else PreannotateError MODEL_GATED, MODEL_NOT_FOUND or
 *   MODEL_DOWNLOAD_FAILED.
 */
export function refusalError(response: HubResponse, subject: RequestSubject): Error {
  const { status, headers } = response;
  if (TRANSIENT_STATUSES.includes(status)) {
    const retryAfterMs = parseRetryAfter(headers['retry-after']);
    return new TransientError(status === 429 ? 'too many requests (429)' : `status ${status}`, { retryAfterMs });
  }
  const code = String(headers['x-error-code'] ?? '');
  if (status === 401 || status === 403)
    return code === 'RepoNotFound' ? missingError(subject, code) : gatedError(subject, response);
  if (status === 404 || status === 410) return missingError(subject, code);
  return new PreannotateError({
    code: 'MODEL_DOWNLOAD_FAILED',
    message: `${response.url.origin} responded with status ${status} for ${describeSubject(subject)}.`,
    hint: 'Check HF_ENDPOINT and the proxy settings.',
  });
}

/** Maps a network error, after all retries, to MODEL_DOWNLOAD_FAILED. Returns any other error unchanged. */
export function toHubError(error: unknown, { reference, endpoint }: RequestSubject): unknown {
  if (error instanceof PreannotateError || !(error instanceof Error) || !isFromNetwork(error)) return error;
  const model = formatHubReference(reference);
  return new PreannotateError(
    {
      code: 'MODEL_DOWNLOAD_FAILED',
      message: `${model} could not be fetched from ${endpoint}: ${printable(messageOf(error))}.`,
      hint:
        `Check the network (HTTPS_PROXY, HF_ENDPOINT), then run: preannotate models pull ${model}\n` +
        'The download resumes where it stopped. To try the tool without a network, use --model builtin:emoji.',
    },
    error,
  );
}

/** The server sent a web page instead of a file, usually that of a proxy or a login. */
export function webPageError({ url }: HubResponse, subject: RequestSubject): PreannotateError {
  return new PreannotateError({
    code: 'MODEL_DOWNLOAD_FAILED',
    message: `${url.origin} responded with a web page instead of ${describeSubject(subject)}.`,
    hint: 'A proxy or a login page may intercept requests: check the network, HTTPS_PROXY and HF_ENDPOINT.',
  });
}

function gatedError(
  { reference, endpoint, hasToken }: RequestSubject,
  { status, headers }: HubResponse,
): PreannotateError {
  const page = `${endpoint}/${reference.repo}`;
  const detail = printable(String(headers['x-error-message'] ?? '')).slice(0, 300);
  const reason = detail === '' ? '' : `: ${detail}`;
  return new PreannotateError({
    code: 'MODEL_GATED',
    message: `${endpoint} refuses ${formatHubReference(reference)} (status ${status})${reason}`,
    hint: hasToken
      ? 'The token from HF_TOKEN (or from `hf auth login`) has no access to it: ' +
        `accept its conditions at ${page}, or use a token with read access.`
      : `It may be gated, private or missing: open ${page}, accept its conditions, and set HF_TOKEN to your token.`,
  });
}

function missingError(subject: RequestSubject, code: string): PreannotateError {
  const { reference, endpoint, name, hasToken } = subject;
  const { repo, revision } = reference;
  const page = `${endpoint}/${repo}`;
  if (code === 'RevisionNotFound') {
    const hint = `See its branches and tags at ${page}/tree/main, or leave out @${revision} to use the main branch.`;
    return new PreannotateError({ code: 'MODEL_NOT_FOUND', message: `${repo} has no revision "${revision}".`, hint });
  }
  if (name !== undefined) {
    const message = `${formatHubReference(reference)} has no file ${printable(name)}.`;
    return new PreannotateError({
      code: 'MODEL_NOT_FOUND',
      message,
      hint: `See the list of its files at ${page}/tree/${revision}.`,
    });
  }
  return new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `${endpoint} has no model ${formatHubReference(reference)}, and no local folder has that name.`,
    hint: `Check the name at ${page}.${hasToken ? '' : ' If it is private, set HF_TOKEN to a token with read access.'}`,
  });
}

function describeSubject({ reference, name }: RequestSubject): string {
  return name === undefined ? formatHubReference(reference) : `${printable(name)} of ${formatHubReference(reference)}`;
}

/** Converts a Retry-After header, in seconds or as a date, to milliseconds from now. */
function parseRetryAfter(header: string | undefined): number {
  if (header === undefined) return 0;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Math.max(0, ms || 0);
}

/** File system errors are already wrapped by writeToCache; a remaining error with a code comes from a socket or TLS. */
function isFromNetwork(error: Error): boolean {
  return error instanceof TransientError || ('code' in error && typeof error.code === 'string');
}
