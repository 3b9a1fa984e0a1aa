import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { messageOf, PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import { readTextFile } from '../disk/regular-file.js';
import { isLoopback } from './loopback.js';
import { RequestError } from './request-error.js';

/** Hashes of the keys, of which a client needs one; empty for a server that needs none. The keys are not kept. */
export type ApiKeys = readonly Buffer[];

const MAX_KEY_FILE_BYTES = 1 << 20;

/** What no client can send in a header; U+FFFD stands for bytes that are not UTF-8. */
const UNSENDABLE = /[\p{Cc}\u2028\u2029\ufffd]/u;

/**
 * Reads API keys from a file, one a line (# begins a comment), and from PREANNOTATE_API_KEYS, separated by commas.
 *
 * @throws PreannotateError CONFIG_INVALID when the file cannot be read, or one of the two has no key or one that no
 *   client could send
 */
export async function loadApiKeys(file: string | undefined, variable: string | undefined): Promise<ApiKeys> {
  const fromVariable = variable === undefined || variable === '' ? [] : readKeyVariable(variable);
  const fromFile = file === undefined ? [] : await readKeyFile(file);
  return [...fromVariable, ...fromFile].map(hashKey);
}

function readKeyVariable(variable: string): string[] {
  const keys = variable
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '');
  const hint = 'Separate keys by commas, or unset the variable.';
  if (keys.length === 0) throw keysInvalidError('PREANNOTATE_API_KEYS has no key.', hint);
  if (keys.some((key) => UNSENDABLE.test(key))) {
    throw keysInvalidError('PREANNOTATE_API_KEYS has a line break or another control character in a key.', hint);
  }
  return keys;
}

async function readKeyFile(file: string): Promise<string[]> {
  const name = `--api-key-file ${printable(file)}`;
  const hint = 'Write one key a line, 16 characters or more, as plain text in UTF-8.';
  const text = await readTextFile(file, MAX_KEY_FILE_BYTES).catch((error: unknown) => {
    throw keysInvalidError(`${name} cannot be read: ${messageOf(error)}.`, hint, error);
  });
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const wrong = lines.findIndex((line) => UNSENDABLE.test(line));
  if (wrong !== -1) throw keysInvalidError(`${name}: line ${wrong + 1} holds characters that no key can have.`, hint);
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0) throw keysInvalidError(`${name} has no key.`, hint);
  return keys;
}

function keysInvalidError(message: string, hint: string, cause?: unknown): PreannotateError {
  return new PreannotateError({ code: 'CONFIG_INVALID', message, hint }, cause);
}

/** Whether only programs on this machine can reach the server. */
export function isLocal({ host, unix }: { readonly host: string; readonly unix?: string }): boolean {
  return unix !== undefined || host === 'localhost' || isLoopback(host);
}

/**
 * Requires one of the keys: as a bearer token, as X-API-Key, or as the password of any user.
 *
 * @throws RequestError UNAUTHORIZED, with the same message for a missing and a wrong key
 */
export function authorise(headers: IncomingHttpHeaders, keys: ApiKeys): void {
  if (keys.length === 0) return;
  // A proxy may have added its own credentials to the client's key. Every key is compared, and hashes have one length,
  // so the time taken reveals nothing.
  const presented = presentedKeysOf(headers).map(hashKey);
  const matches = keys.flatMap((key) => presented.filter((one) => timingSafeEqual(key, one)));
  if (matches.length > 0) return;
  throw new RequestError('UNAUTHORIZED', 'An API key is needed: as Authorization: Bearer <key>, or as X-API-Key.', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}

/** In Authorization and in X-API-Key; '' where there is none, so that a missing key takes as long as a wrong one. */
function presentedKeysOf(headers: IncomingHttpHeaders): string[] {
  const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1];
  const basic = /^Basic +(.+)$/i.exec(headers.authorization ?? '')?.[1];
  const other = headers['x-api-key'];
  return [bearer?.trim() ?? passwordOf(basic) ?? '', typeof other === 'string' ? other : ''];
}

/** Of `user:password` in base64 (RFC 7617): the only form that some programs, such as Label Studio, can send. */
function passwordOf(credentials: string | undefined): string | undefined {
  return credentials && /:(.*)$/s.exec(Buffer.from(credentials, 'base64').toString())?.[1];
}

function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
