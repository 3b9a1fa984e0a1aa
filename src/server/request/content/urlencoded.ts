import { RequestError } from '../../../http/request-error.js';
import { decodePercent } from './percent.js';

const MAX_FIELDS = 20; // there are eight

/**
 * Parses a body of application/x-www-form-urlencoded.
 *
 * @throws RequestError BODY_TOO_LARGE for too many fields; REQUEST_MALFORMED where one comes twice
 */
export function parseUrlencoded(body: Buffer): Readonly<Record<string, string>> {
  const text = body.toString('latin1');
  const fields = new Map<string, string>();
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('&', start);
    const part = text.slice(start, end === -1 ? undefined : end);
    start = end === -1 ? text.length : end + 1;
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    if (fields.has(name)) throw new RequestError('REQUEST_MALFORMED', 'A field of the form comes twice.');
    if (fields.size === MAX_FIELDS)
      throw new RequestError('BODY_TOO_LARGE', `The form has more than ${MAX_FIELDS} fields.`);
    fields.set(name, equals === -1 ? '' : decode(part.slice(equals + 1)));
  }
  return Object.fromEntries(fields);
}

function decode(part: string): string {
  const text = part.replaceAll('+', ' ').replace(/[\r\n]+$/, '');
  return decodePercent(text).toString(); // bytes that are not escaped are UTF-8 as well
}
