import { capitalised } from '../../core/text.js';
/** Error messages of the page; pure. */

/** application/problem+json; every field is optional, because a proxy in between may answer something else. */
interface ProblemDetails {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly hint?: string;
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
  IMAGE_CHANGED: 'This image has changed since the run',
  IMAGE_UNDECODABLE: 'This image cannot be read',
  IMAGE_UNREADABLE: 'This image cannot be read',
  IMAGE_UNSUPPORTED: 'This kind of image cannot be read',
  IMAGE_TOO_LARGE: 'The image is too large',
  BODY_TOO_LARGE: 'The image is too large',
  ONTOLOGY_INVALID: 'The prompts cannot be used',
  UNAUTHORIZED: 'An API key is needed',
};

const CLASS_POINTER = /^\/ontology\/classes\/(\d+)(?:\/prompts\/(\d+))?/;

type PromptLines = readonly (readonly number[])[];

/** An error as the page shows it. */
export class PageError extends Error {
  readonly title: string;
  readonly details: readonly string[];
  readonly code: string | undefined; // of problem details

  constructor(title: string, details: readonly string[], code?: string) {
    super(title);
    this.title = title;
    this.details = details;
    this.code = code;
  }
}

/**
 * Turns an error response into a message.
 *
 * @param text - The body; not JSON where a proxy has answered instead of the server.
 * @param lines - Line of each prompt of each class in the text of prompts.
 */
export function toPageError(
  { status, retryAfter }: { status: number; retryAfter: string | null },
  text: string,
  lines: PromptLines = [],
): PageError {
  const { title, detail, code, hint, errors = [], request_id: id } = parseProblemDetails(text);
  const details = [
    ...(detail === undefined ? [`The answer was ${status}, without a reason.`] : [beginSentence(detail, code)]),
    ...errors.filter((error) => detail?.includes(error.detail) !== true).map((error) => formatFieldError(error, lines)),
    ...(hint === undefined || detail?.includes(hint) === true ? [] : [hint]),
    ...(retryAfter === null ? [] : [`Try again in ${retryAfter} s.`]),
    ...(id === undefined ? [] : [`Request ${id}`]),
  ];
  return new PageError(TITLES[code ?? ''] ?? title ?? 'The server could not answer', details, code);
}

/** The same in one message: without a title where the reason says it. Only a fault has the number that the log has. */
export function toPageMessage(answer: { status: number; retryAfter: string | null }, text: string): string {
  const { detail, title, code = '', request_id: id } = parseProblemDetails(text);
  const what = TITLES[code] ?? title ?? 'The server could not answer';
  const reason = detail ?? `${what}. The answer was ${answer.status}, without a reason.`;
  const again = answer.retryAfter === null ? '' : ` Try again in ${answer.retryAfter} s.`;
  const number = code === 'INTERNAL' && id !== undefined ? ` Request ${id}.` : '';
  return (/[.!?]$/.test(reason) ? reason : `${reason}.`) + again + number;
}

/** On the command line, the name of the image comes before what is wrong with it. */
function beginSentence(detail: string, code = ''): string {
  return code.startsWith('IMAGE_') ? capitalised(detail) : detail;
}

/** Visitors know a prompt by its line in the text of prompts. */
function formatFieldError({ pointer, detail }: { pointer: string; detail: string }, lines: PromptLines): string {
  const [, ofClass = NaN, ofPrompt = 0] = CLASS_POINTER.exec(pointer) ?? [];
  const line = lines[Number(ofClass)]?.[Number(ofPrompt)];
  return line === undefined ? `${pointer}: ${detail}` : `Line ${line} of the prompts: ${detail}`;
}

function parseProblemDetails(text: string): ProblemDetails {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
