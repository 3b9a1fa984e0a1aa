/** What went wrong, in words for people; pure. */

/** application/problem+json, as far as it can be relied on: a proxy in between may answer something else. */
interface ProblemBody {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly request_id?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

const TITLES: Readonly<Record<string, string>> = {
  QUEUE_FULL: 'The server is busy',
  NOT_READY: 'The server is not ready yet',
  DEADLINE_PASSED: 'It took too long',
  URL_REFUSED: 'This address is refused',
  URL_INVALID: 'This address cannot be used',
  URL_FETCH_FAILED: 'The image could not be fetched',
  URL_TIMEOUT: 'The image could not be fetched',
  IMAGE_UNDECODABLE: 'This image cannot be read',
  IMAGE_UNREADABLE: 'This image cannot be read',
  IMAGE_UNSUPPORTED: 'This is not an image that the server knows',
  IMAGE_TOO_LARGE: 'The image is too large',
  BODY_TOO_LARGE: 'The image is too large',
  ONTOLOGY_INVALID: 'The prompts cannot be used',
  UNAUTHORIZED: 'An API key is needed',
};

const CLASS_POINTER = /^\/ontology\/classes\/(\d+)/;

/** A request that was refused, or did not come through. */
export class Problem extends Error {
  readonly title: string;
  readonly details: readonly string[];

  constructor(title: string, details: readonly string[]) {
    super(title);
    this.title = title;
    this.details = details;
  }
}

/**
 * Puts a refusal into words.
 *
 * @param text - The body; not JSON where something else than the server has answered.
 * @param lines - Where in the text of prompts each class is.
 */
export function problemOf(
  { status, retryAfter }: { status: number; retryAfter: string | null },
  text: string,
  lines: readonly number[] = [],
): Problem {
  const { title, detail, code = '', errors = [], request_id: id } = parsed(text);
  const details = [
    ...(detail === undefined ? [`The answer was ${status}, without a reason.`] : [detail]),
    ...errors.filter((error) => detail?.includes(error.detail) !== true).map((error) => placed(error, lines)),
    ...(retryAfter === null ? [] : [`Try again in ${retryAfter} s.`]),
    ...(id === undefined ? [] : [`Request ${id}`]),
  ];
  return new Problem(TITLES[code] ?? title ?? 'The server could not answer', details);
}

/** A class is known to whoever wrote it by its line. */
function placed({ pointer, detail }: { pointer: string; detail: string }, lines: readonly number[]): string {
  const line = lines[Number(CLASS_POINTER.exec(pointer)?.[1] ?? NaN)];
  return line === undefined ? `${pointer}: ${detail}` : `Line ${line} of the prompts: ${detail}`;
}

function parsed(text: string): ProblemBody {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
