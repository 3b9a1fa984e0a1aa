import { sniff } from '../../../images/sniff.js';
import { isDataUrl } from './base64.js';

/** What a body holds, whatever its Content-Type. */
export type BodyKind = 'empty' | 'json' | 'fields' | 'data-url' | 'image' | 'text' | 'other';

const HEAD_BYTES = 100;
const BYTE_ORDER_MARK = '\xef\xbb\xbf';

/**
 * Recognises a body by its content, for clients that do not know its type: `curl --data-binary` calls all a form.
 *
 * @returns `image` for the types that are read; `other` for binary content of any other type
 */
export function sniffBody(body: Buffer): BodyKind {
  const head = body.toString('latin1', 0, HEAD_BYTES);
  const text = (head.startsWith(BYTE_ORDER_MARK) ? head.slice(BYTE_ORDER_MARK.length) : head).trimStart();
  if (text === '' && body.length <= HEAD_BYTES) return 'empty';
  if (sniff(body).decoder !== undefined) return 'image';
  if (/^[{[]/.test(text)) return 'json';
  if (isDataUrl(text)) return 'data-url';
  if (/^\w{1,40}=/.test(text)) return 'fields';
  return /^[\t\n\v\f\r\x20-\x7e]*$/.test(head) ? 'text' : 'other';
}
