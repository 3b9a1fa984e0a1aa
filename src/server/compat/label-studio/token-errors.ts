import { PreannotateError } from '../../../core/errors.js';

const HINT =
  'Set LABEL_STUDIO_API_KEY to a token of this Label Studio that is valid and that may read the project, and ' +
  'LABEL_STUDIO_URL to its root.';

/** For a personal access token that gives no access token. No message holds a token. */
export function exchangeFailedError(path: string, cause: PreannotateError): PreannotateError {
  const reason = 'reason' in cause && typeof cause.reason === 'string' ? cause.reason : REASONS[cause.code];
  return new PreannotateError({
    code: 'URL_FETCH_FAILED',
    message: `LABEL_STUDIO_API_KEY could not be exchanged for an access token at ${path}: ${reason ?? cause.message}.`,
    hint: HINT,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  URL_REFUSED: 'its host is unknown',
  URL_TIMEOUT: 'its server did not answer in time',
  IMAGE_TOO_LARGE: 'the answer is too long',
};

/** For a task's file that Label Studio does not give to this server. */
export function tokenRefusedError(hasToken: boolean): PreannotateError {
  const cause = hasToken ? 'refuses the token of LABEL_STUDIO_API_KEY' : 'asks for a token';
  return new PreannotateError({
    code: 'URL_FETCH_FAILED',
    message: `The image could not be fetched: Label Studio ${cause} (status 401).`,
    hint: HINT,
  });
}
