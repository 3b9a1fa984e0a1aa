import { createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { PreannotateError, systemCodeOf } from '../../core/errors.js';
import { endingOf, excerpt, printable } from '../../core/text.js';
import { readAtMost } from '../../disk/bounded-read.js';
import { findNearestPath } from '../../disk/nearest.js';
import { describeReadError } from '../../disk/readable-file.js';
import { IMAGE_EXTENSIONS } from '../listing/endings.js';
import { isAddress, parseAddress, type RemoteAddress } from './address.js';

/** An address of a list, and where it is there. */
export interface ListedAddress {
  readonly address: RemoteAddress;
  readonly url: string; // as it is written
  readonly where: string; // `urls.txt:7`
}

const SHOWN_CHARACTERS = 100; // of a line, in messages

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
    throw await unreadableListError(input, error);
  }
}

/**
 * @throws PreannotateError USAGE for a text file of addresses among inputs that are read as files and folders
 */
export async function assertNoLists(inputs: readonly string[]): Promise<void> {
  const images = new Set<string>(IMAGE_EXTENSIONS);
  for (const input of inputs) {
    if (images.has(endingOf(input)) || !(await beginsWithAddress(input))) continue;
    throw new PreannotateError({
      code: 'USAGE',
      message: `${printable(input)} is a list of addresses, not an image.`,
      hint: `To annotate the images that it names, write @${printable(input)}.`,
    });
  }
}

async function beginsWithAddress(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
    const start = Buffer.from(await readAtMost(path, { limitBytes: 4096, waitMs: 0 })).toString();
    return isAddress(/^\s*(?!#|\s).*$/m.exec(start.replace(/^\ufeff/, ''))?.[0].trim() ?? '');
  } catch {
    return false; // reported where it is read as an image
  }
}

function requireImage(url: string, where: string): RemoteAddress {
  const address = parseAddress(url);
  if (address.kind === 'invalid') throw lineError(where, describeLine(url, address.problem));
  if (hasMore(url, address)) {
    const spaces = address.kind === 's3' ? '' : ', in which a space is written %20';
    throw lineError(where, describeLine(url, `has more than an address${spaces}`));
  }
  if (address.kind === 's3' && (address.key === '' || address.key.endsWith('/'))) {
    throw lineError(where, 'is a folder: a list names images, and s3:// folders are given to the command itself');
  }
  return address;
}

/** Whether something follows the address of a line. Keys of S3 may have spaces. */
function hasMore(line: string, { kind }: RemoteAddress): boolean {
  return kind === 's3' ? /\s(?:#|(?:https?|s3):\/\/)/i.test(line) : /\s/.test(line);
}

/** The line, without what may be secret, and what is wrong with it. */
function describeLine(line: string, problem: string): string {
  const shown = withoutSecrets(line);
  return shown === undefined ? problem : `${problem}: "${excerpt(printable(shown), SHOWN_CHARACTERS)}"`;
}

/** What comes before a query, but for user and password; undefined where a password could hold the question mark. */
function withoutSecrets(line: string): string | undefined {
  const start = line.search(/\?|(?<!\s)#/);
  const [text, rest] = start === -1 ? [line, ''] : [line.slice(0, start), line.slice(start)];
  if (rest.includes('@') && !text.replace(/^\w*:\/*/, '').includes('/')) return undefined;
  return `${text.replace(/^(\w*:\/+)?.*@/, '$1')}${rest === '' ? '' : '...'}`;
}

function lineError(where: string, problem: string): PreannotateError {
  return new PreannotateError({
    code: 'URL_INVALID',
    message: `${where} ${problem}.`,
    hint: 'Give one address a line: https://example.org/photo.jpg or s3://bucket/photo.jpg. # begins a comment.',
  });
}

async function unreadableListError(input: string, error: unknown): Promise<PreannotateError> {
  const path = printable(input.slice(1));
  const isMissing = systemCodeOf(error) === 'ENOENT';
  return new PreannotateError(
    {
      code: 'INPUT_NOT_FOUND',
      message: isMissing
        ? `There is no file ${path}.`
        : `${path} cannot be read as a list of addresses: ${describeReadError(error)}.`,
      hint:
        (isMissing ? await suggestList(input) : undefined) ??
        `${printable(input)} stands for a text file, ${path}, with one address a line; @- reads standard input.`,
    },
    error,
  );
}

async function suggestList(input: string): Promise<string | undefined> {
  const isFile = await access(input).then(
    () => true,
    () => false,
  );
  if (isFile) return `For the file or folder ${printable(input)} itself, write ./${printable(input)}.`;
  const nearest = await findNearestPath(input.slice(1));
  return nearest === undefined ? undefined : `Did you mean @${printable(nearest)}?`;
}
