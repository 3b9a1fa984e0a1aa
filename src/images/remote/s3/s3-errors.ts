import { messageOf, systemCodeOf } from '../../../core/errors.js';
import type { StorageProblem } from '../fetch-errors.js';

const CREDENTIALS =
  'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`. ' +
  '--s3-no-sign-request reads public buckets without credentials.';
const ENDPOINT = 'Check --s3-endpoint, AWS_ENDPOINT_URL_S3 and the network.';
const AGAIN = 'Try again later: the same command does what is left.';

/** What users can do about errors of S3, by their names. */
const PROBLEMS: readonly (readonly [
  name: RegExp,
  reason: string,
  hint: string,
  ofOptions?: StorageProblem['ofOptions'],
])[] = [
  [
    /^(?:CredentialsProviderError|TokenProviderError)$/,
    'no AWS credentials were found',
    CREDENTIALS,
    'place and access',
  ],
  [
    /^(?:ExpiredToken(?:Exception)?|TokenRefreshRequired|RequestExpired)$/,
    'the AWS credentials have expired',
    'Renew them, for example with `aws sso login`. The same command then does what is left.',
  ],
  [
    /^(?:InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|InvalidClientTokenId|UnrecognizedClientException)$/,
    'the AWS credentials are not valid there',
    `Check them, and whether they belong to this endpoint. ${CREDENTIALS}`,
    'place and access',
  ],
  [
    /^(?:AccessDenied|AllAccessDisabled|Forbidden|403)$/,
    'access is denied',
    'The credentials need s3:ListBucket on the bucket and s3:GetObject on its objects. ' +
      '--s3-no-sign-request reads public buckets without credentials.',
    'place and access',
  ],
  [
    /^NoSuchBucket$/,
    'there is no such bucket',
    'Check its name, and the endpoint or account that it belongs to.',
    'place',
  ],
  [
    /^(?:NoSuchKey|NotFound|404)$/,
    'there is no such object',
    'It was deleted after it was listed, or the key is wrong.',
    'place',
  ],
  [
    /^(?:PermanentRedirect|TemporaryRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException|301|307)$/,
    'the bucket is in another region',
    'Set AWS_REGION to the region of the bucket.',
    'place',
  ],
  [
    /^(?:SlowDown|ServiceUnavailable|Throttling\w*|TooManyRequests\w*|RequestLimitExceeded|503)$/,
    'the server is busy',
    AGAIN,
  ],
  [/^(?:InternalError|5\d\d)$/, 'the server failed', AGAIN],
  [/^InvalidObjectState$/, 'it is archived', 'Restore it from the archive (Glacier) first.'],
  [/^RequestTimeTooSkewed$/, 'the clock of this machine is wrong', 'Set it.'],
  [
    /^(?:TimeoutError|ETIMEDOUT)$/,
    'the server was too slow',
    `Raise --fetch-timeout if it is slow but works. ${AGAIN}`,
  ],
  [
    /^(?:ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|EPIPE)$/,
    'the endpoint does not accept connections',
    ENDPOINT,
    'place',
  ],
  [
    /^(?:ENOTFOUND|EAI_AGAIN)$/,
    'the host of the endpoint does not exist',
    `${ENDPOINT} MinIO and others may need --s3-path-style.`,
    'place',
  ],
  [
    /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/,
    'no trusted TLS connection is possible',
    ENDPOINT,
    'place',
  ],
];

/** Errors of S3, in plain words: messages of the SDK name requests and hosts, and may quote what was sent. */
export function describeS3Error(error: unknown): StorageProblem {
  for (const name of namesOf(error)) {
    const [, reason, hint, ofOptions] = PROBLEMS.find(([pattern]) => pattern.test(name)) ?? [];
    if (reason !== undefined && hint !== undefined) return { reason: `${reason} (${name})`, hint, ofOptions };
  }
  const [name = 'Error'] = namesOf(error);
  return { reason: `S3 reports ${name}`, hint: 'Check the bucket and the endpoint.', ofOptions: 'place and access' };
}

/** The name that S3 or the SDK gives an error, the code of the system, the status. */
function namesOf(error: unknown): string[] {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  const isCredentials = /credential/i.test(messageOf(error)) && /could not load/i.test(messageOf(error));
  const known = [isCredentials ? 'CredentialsProviderError' : name, systemCodeOf(error), $metadata?.httpStatusCode];
  return known.flatMap((each) => (each === undefined ? [] : [String(each)]));
}
