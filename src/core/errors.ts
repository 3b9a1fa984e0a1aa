/** What failed requests and images are counted under: the label `reason` of `preannotate_request_failures_total`. */
export type FailureReason = 'invalid' | 'rejected' | 'expired' | 'cancelled' | 'decode' | 'worker_lost' | 'internal';

/** What only some failures need. */
interface SpecialCases {
  /** Clients may read its message; with any other failure of status 500 or 503, only the log has the message. */
  readonly isPublic?: true;
  /** The image cost a worker; sent again, it is refused for a while. */
  readonly quarantinesImage?: true;
  /** What to do, where the problems that were found give no advice themselves. */
  readonly hint?: string;
  /** What a client of the server can do, where the failure itself does not say. */
  readonly clientHint?: string;
}

type Row = readonly [
  // 2: wrong usage, nothing was done; 3: more images failed than --max-errors allows; 75: go on later
  exitCode: 1 | 2 | 3 | 75,
  httpStatus: number,
  reason: FailureReason,
  openApi: string | null, // explanation in /openapi.json; null for what no operation described there answers
  special?: SpecialCases,
];

const SAVE_AGAIN = 'Save the image again in another format.';
const DAMAGED = 'The image is damaged or cut off: send all of its bytes, or save it again.';

/** Every failure we can name, and how each edge of the tool reports it. */
const TABLE = {
  USAGE: [2, 400, 'invalid', null],
  CONFIG_INVALID: [2, 400, 'invalid', null, { hint: '--help explains what each setting takes.' }],
  ONTOLOGY_INVALID: [
    2,
    422,
    'invalid',
    'the ontology is invalid',
    { hint: 'Examples are in the ontologies folder of the package.' },
  ],
  MODEL_NOT_FOUND: [2, 503, 'internal', 'the model is missing'],
  MODEL_INVALID: [2, 503, 'internal', 'the model cannot be used'],
  MODEL_GATED: [2, 503, 'internal', 'the model needs a token'], // the hub wants a token, or another one
  MODEL_DOWNLOAD_FAILED: [1, 503, 'internal', 'the model could not be downloaded'],
  DEVICE_UNAVAILABLE: [2, 503, 'internal', 'no device can compute'],
  INPUT_NOT_FOUND: [2, 400, 'invalid', null],
  STORAGE_UNAVAILABLE: [2, 500, 'internal', null], // S3: what is to be annotated cannot be listed
  DATA_SET_INVALID: [2, 400, 'invalid', null], // annotation files that cannot be read
  OUTPUT_UNUSABLE: [2, 500, 'internal', null],
  OUTPUT_LOCKED: [2, 500, 'internal', null],
  OUTPUT_LOST: [1, 500, 'internal', null], // another run has taken the output folder over
  JOURNAL_DAMAGED: [2, 500, 'internal', null],
  RESUME_MISMATCH: [2, 400, 'invalid', null],
  PARTS_UNUSABLE: [2, 400, 'invalid', null], // of a run that machines share: some are missing, or of another run
  WRITE_FAILED: [1, 500, 'internal', null],
  QUEUE_UNREACHABLE: [2, 500, 'internal', null],
  WORKERS_FAILING: [1, 503, 'worker_lost', 'workers do not stay up'],
  FOLDER_UNREADABLE: [3, 500, 'internal', null], // of a run: these count against --max-errors
  TIME_LIMIT: [75, 503, 'internal', null], // of --max-runtime
  IMAGES_FAILED: [3, 500, 'internal', null], // of a run that has ended: more than --max-errors allows
  MASS_FAILURE: [3, 500, 'internal', null], // a run was stopped, because most of its images would fail too
  BELOW_MINIMUM: [3, 500, 'internal', null], // a figure is below the one that was asked for
  IMAGE_UNREADABLE: [3, 422, 'decode', 'the image cannot be read'],
  IMAGE_TOO_LARGE: [
    3,
    413,
    'decode',
    'the image has too many pixels or bytes',
    { clientHint: 'Send a smaller version of the image, or parts of it.' },
  ],
  IMAGE_UNSUPPORTED: [
    3,
    415,
    'decode',
    'not an image, or of a type that is not read',
    { clientHint: 'Send a JPEG, PNG, WebP, TIFF, GIF, AVIF or BMP image.' },
  ],
  IMAGE_UNDECODABLE: [3, 422, 'decode', 'the image is damaged', { clientHint: DAMAGED }],
  IMAGE_DEGRADED: [3, 422, 'decode', 'parts of the image are lost', { clientHint: DAMAGED }], // under --strict-images
  IMAGE_TIMEOUT: [
    3,
    422,
    'decode',
    'the image takes too long to decode',
    { quarantinesImage: true, clientHint: SAVE_AGAIN },
  ],
  IMAGE_QUARANTINED: [3, 422, 'worker_lost', 'the image cost a worker a few minutes ago', { clientHint: SAVE_AGAIN }],
  URL_INVALID: [2, 400, 'invalid', 'image_url is not an http or https URL'],
  URL_REFUSED: [2, 403, 'invalid', 'the server fetches nothing from this address'],
  URL_FETCH_FAILED: [3, 422, 'invalid', 'the other server did not give the image'],
  URL_TIMEOUT: [3, 504, 'invalid', 'the other server was too slow'],
  WORKER_CRASHED: [
    3,
    503,
    'worker_lost',
    'a worker died with the image',
    { quarantinesImage: true, clientHint: SAVE_AGAIN },
  ],
  STOPPED: [1, 503, 'rejected', 'the server is stopping', { isPublic: true }],
  LISTEN_FAILED: [2, 500, 'internal', null],
  // From here on: what only the server answers.
  REQUEST_MALFORMED: [2, 400, 'invalid', 'the request cannot be parsed'],
  HOST_REFUSED: [2, 400, 'invalid', 'the server does not answer under this host name'],
  ORIGIN_REFUSED: [2, 403, 'invalid', null], // a web page of another origin
  READ_ONLY: [2, 409, 'invalid', null], // decisions cannot be saved, as while a run is going on
  IMAGE_CHANGED: [2, 409, 'invalid', null], // its file is another one than the run has seen
  REQUEST_INVALID: [2, 422, 'invalid', 'fields are wrong; errors lists which'],
  UNAUTHORIZED: [2, 401, 'invalid', 'an API key is needed'],
  NOT_FOUND: [2, 404, 'invalid', 'there is no such model or function'],
  METHOD_NOT_ALLOWED: [2, 405, 'invalid', null],
  RECEIVED_TOO_SLOWLY: [1, 408, 'invalid', 'the request took too long to arrive'],
  BODY_TOO_LARGE: [2, 413, 'invalid', 'the body is too large'],
  MEDIA_TYPE_UNSUPPORTED: [2, 415, 'invalid', 'bodies of this type are not read'],
  QUEUE_FULL: [1, 429, 'rejected', 'the server is full; retry after Retry-After'],
  HEADERS_TOO_LARGE: [2, 431, 'invalid', 'the headers are too large'],
  CLIENT_GONE: [1, 499, 'cancelled', null], // for logs and metrics only
  NOT_IMPLEMENTED: [2, 501, 'rejected', null], // a function of another program's protocol
  NOT_READY: [1, 503, 'rejected', 'the server is starting or stopping'],
  DEADLINE_PASSED: [1, 504, 'expired', 'the request took too long'],
  INTERNAL: [1, 500, 'internal', 'an error of the server; its log has the cause'],
} as const satisfies Readonly<Record<string, Row>>;

export type FailureCode = keyof typeof TABLE;

/** How each edge of the tool reports a failure. */
export interface FailureReport extends SpecialCases {
  readonly exitCode: number;
  readonly httpStatus: number;
  readonly reason: FailureReason;
  readonly openApi: string | null;
}

export const FAILURES = Object.fromEntries(
  Object.entries<Row>(TABLE).map(([code, [exitCode, httpStatus, reason, openApi, special]]) => {
    return [code, { exitCode, httpStatus, reason, openApi, ...special }];
  }),
) as Readonly<Record<FailureCode, FailureReport>>;

/** What failed and why (`message`) and what to do (`hint`). Plain data: an Error loses its class and code over IPC. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  readonly hint: string; // for users of the command line
  readonly clientHint?: string | undefined; // for clients of the server, who have no command line
  readonly detail?: string; // what a library reported, for --verbose: file names and functions of its source
}

/** A {@link Failure} that can be thrown. */
export class PreannotateError extends Error implements Failure {
  readonly code: FailureCode;
  readonly hint: string;
  readonly detail?: string;
  readonly clientHint?: string;

  constructor(failure: Failure, cause?: unknown) {
    super(failure.message, cause === undefined ? undefined : { cause });
    this.name = 'PreannotateError';
    this.code = failure.code;
    this.hint = failure.hint;
    if (failure.detail !== undefined) this.detail = failure.detail;
    if (failure.clientHint !== undefined) this.clientHint = failure.clientHint;
  }

  /** The same failure as plain data, for IPC and for files. */
  toFailure(): Failure {
    const { code, message, hint, detail, clientHint } = this;
    return {
      code,
      message,
      hint,
      ...(detail === undefined ? {} : { detail }),
      ...(clientHint === undefined ? {} : { clientHint }),
    };
  }
}

/** The message of anything that can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node system error such as ENOENT; undefined for anything else. */
export function systemCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
