import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { PreannotateError, systemCodeOf } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { describeReadError } from '../../disk/readable-file.js';
import { parseAddress, type RemoteAddress } from './address.js';

/** An address of a list, and where it is there. */
export interface ListedAddress {
  readonly address: RemoteAddress;
  readonly url: string; // as it is written
  readonly where: string; // `urls.txt:7`
}

/** Whether an input names a list of addresses. A file or folder that is really called `@x` is reached as `./@x`. */
export function isList(input: string): boolean {
  return input.startsWith('@') && input.length > 1;
}

/**
 * Reads a list: an address a line. Blank lines and those that begin with # say nothing.
 *
 * @param input - `@file`, or `@-` for standard input.
 * @throws PreannotateError INPUT_NOT_FOUND; URL_INVALID with the line of the first that is no address of an image
 */
export async function* readList(input: string): AsyncGenerator<ListedAddress> {
  const path = input.slice(1);
  const shown = path === '-' ? 'standard input' : printable(path);
  const stream: Readable = path === '-' ? process.stdin : createReadStream(path);
  let number = 0;
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      const url = line.replace(number++ === 0 ? /^\ufeff/ : '', '').trim();
      if (url === '' || url.startsWith('#')) continue;
      const where = `${shown}:${number}`;
      yield { address: requireImage(url, where), url, where };
    }
  } catch (error) {
    if (error instanceof PreannotateError) throw error;
    throw unreadableListError(input, error);
  }
}

function requireImage(url: string, where: string): RemoteAddress {
  const address = parseAddress(url);
  if (address.kind === 'invalid') throw lineError(where, address.problem);
  if (address.kind === 's3' && (address.key === '' || address.key.endsWith('/'))) {
    throw lineError(where, 'is a folder: a list names images, and s3:// folders are given to the command itself');
  }
  return address;
}

/** The line itself is not shown: it may hold a secret. */
function lineError(where: string, problem: string): PreannotateError {
  return new PreannotateError({
    code: 'URL_INVALID',
    message: `${where} ${problem}.`,
    hint: 'Give one address a line: https://example.org/photo.jpg or s3://bucket/photo.jpg. # begins a comment.',
  });
}

function unreadableListError(input: string, error: unknown): PreannotateError {
  const path = printable(input.slice(1));
  const isMissing = systemCodeOf(error) === 'ENOENT';
  return new PreannotateError(
    {
      code: 'INPUT_NOT_FOUND',
      message: isMissing
        ? `There is no file ${path}.`
        : `${path} cannot be read as a list of addresses: ${describeReadError(error)}.`,
      hint:
        `${printable(input)} stands for the addresses in ${path}; a file or folder of that name is ` +
        `./${printable(input)}.`,
    },
    error,
  );
}
