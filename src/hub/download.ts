import { constants } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PreannotateError } from '../core/errors.js';
import { rememberSha256 } from '../disk/cache.js';
import type { HubClient, RemoteFile } from './client.js';
import { refusalError, webPageError, type RequestSubject } from './hub-errors.js';
import { TransientError, type HubResponse } from './http.js';
import { writeToCache } from './layout.js';
import { computeDigest } from './verify.js';

const READ_WRITE = constants.O_RDWR | constants.O_CREAT; // keeps what is there, makes what is not
const WORTH_BYTES = 64 * 1024; // a try that brought less has not got the download on

/** One file on its way into the cache. */
export interface Download {
  readonly file: RemoteFile;
  readonly commit: string;
  readonly blob: string; // where it goes
  readonly onBytes: (total: number) => void; // of this file, so far
  readonly note: (message: string) => void;
}

/**
 * Fetches a file to `<blob>.incomplete`, going on from what is there, and gives it its name once its hash is right. Wrong
 * bytes are thrown away and fetched once more.
 *
 * @throws PreannotateError MODEL_DOWNLOAD_FAILED, or what the hub refuses with.
 */
export async function fetchBlob(client: HubClient, download: Download): Promise<void> {
  const { file, blob, note } = download;
  const incomplete = `${blob}.incomplete`;
  await writeToCache(blob, () => mkdir(dirname(blob), { recursive: true }));
  for (let attempt = 1; ; attempt++) {
    await receive(client, download, incomplete);
    const found = await computeDigest(file.digest, incomplete, true);
    if (found === file.digest) break;
    await rm(incomplete, { force: true });
    if (attempt === 2) throw wrongBytesError(file, found);
    note(`${file.name} arrived with wrong bytes (its hash is ${found}, not ${file.digest}): fetching it once more.`);
  }
  await writeToCache(blob, () => rename(incomplete, blob));
  if (file.digest.length === 64) await rememberSha256(blob, file.digest);
}

/** Leaves the whole file at `incomplete`, its bytes not checked yet. */
async function receive(client: HubClient, download: Download, incomplete: string): Promise<void> {
  const { file, commit, onBytes } = download;
  let furthest = 0;
  await client.request(file.name, async (subject) => {
    await using target = await writeToCache(incomplete, () => open(incomplete, READ_WRITE));
    const have = await findResumeOffset(target, file.sizeBytes);
    onBytes(have);
    if (have === file.sizeBytes) return;
    const answer = await client.http.send(client.urlOf(commit, file.name), {
      headers: have > 0 ? { range: `bytes=${have}-` } : {},
    });
    const from = await checkResponse(answer, { have, file, subject });
    if (from !== have) await target.truncate(from);
    const begun = Math.max(furthest, have);
    try {
      furthest = await write(answer, target, { from, file, onBytes, incomplete });
    } catch (error) {
      const { size } = await stat(incomplete);
      furthest = Math.max(furthest, size);
      const gotOn = size >= begun + WORTH_BYTES;
      throw gotOn && !(error instanceof PreannotateError)
        ? new TransientError('the connection broke', { madeProgress: gotOn, cause: error })
        : error;
    }
  });
}

/** How many bytes of an earlier try can be kept. */
async function findResumeOffset(target: FileHandle, sizeBytes: number): Promise<number> {
  const { size } = await target.stat();
  if (size <= sizeBytes) return size;
  await target.truncate(0);
  return 0;
}

/** Where in the file the answer begins. */
async function checkResponse(
  answer: HubResponse,
  { have, file, subject }: { have: number; file: RemoteFile; subject: RequestSubject },
): Promise<number> {
  const { status, headers } = answer;
  const isPage = String(headers['content-type']).startsWith('text/html');
  if (status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(headers['content-range']));
    if (Number(range?.[1]) === have && [String(file.sizeBytes), '*'].includes(range?.[2] ?? '')) return have;
  } else if (status === 200 && !isPage) return 0;
  await answer.body.dump();
  if (status === 200) throw webPageError(answer, subject);
  if (status === 206 || status === 416)
    throw new TransientError('the server sent another part of the file than asked for');
  throw refusalError(answer, subject);
}

async function write(
  { body }: HubResponse,
  target: FileHandle,
  {
    from,
    file,
    onBytes,
    incomplete,
  }: { from: number; file: RemoteFile; onBytes: Download['onBytes']; incomplete: string },
): Promise<number> {
  let at = from;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (at + chunk.length > file.sizeBytes) {
      await target.truncate(0);
      throw new TransientError(`more bytes came than ${file.name} has (${file.sizeBytes})`);
    }
    const position = at;
    await writeToCache(incomplete, () => writeAll(target, chunk, position));
    at += chunk.length;
    onBytes(at);
  }
  if (at < file.sizeBytes) throw new TransientError(`the connection ended after ${at} of ${file.sizeBytes} bytes`);
  await writeToCache(incomplete, () => target.sync());
  return at;
}

async function writeAll(target: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await target.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}

function wrongBytesError({ name, digest }: RemoteFile, found: string): PreannotateError {
  return new PreannotateError({
    code: 'MODEL_DOWNLOAD_FAILED',
    message: `${name} arrived with wrong bytes twice: its hash should be ${digest}, and is ${found}.`,
    hint: 'Something between the hub and this machine changes files, such as a proxy; nothing of it was kept. Try another network.',
  });
}
