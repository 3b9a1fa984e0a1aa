import { constants } from 'node:fs';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PreannotateError } from '../core/errors.js';
import { rememberSha256 } from '../disk/cache.js';
import { makeFolder } from '../disk/make-folder.js';
import type { HubClient, RemoteFile } from './client.js';
import { refusalError, webPageError, type RequestSubject } from './hub-errors.js';
import { TransientError, type HubResponse } from './http.js';
import { writeToCache } from './layout.js';
import { computeDigest } from './verify.js';

const READ_WRITE = constants.O_RDWR | constants.O_CREAT; // keeps an existing file, creates a missing one
const PROGRESS_BYTES = 64 * 1024; // an attempt that received less made no progress

/** A file to download into the cache. */
export interface Download {
  readonly file: RemoteFile;
  readonly commit: string;
  readonly blob: string; // destination path
  readonly onBytes: (total: number) => void; // bytes of this file received so far
  readonly note: (message: string) => void;
}

/**
 * Downloads a file to `<blob>.incomplete`, resuming a partial file, and renames it to `<blob>` once its hash is
 * correct. A file with a wrong hash is deleted and downloaded once more.
 *
 * @throws PreannotateError MODEL_DOWNLOAD_FAILED, or the error that the hub responded with.
 */
export async function fetchBlob(client: HubClient, download: Download): Promise<void> {
  const { file, blob, note } = download;
  const incomplete = `${blob}.incomplete`;
  await writeToCache(blob, () => makeFolder(dirname(blob)));
  for (let attempt = 1; ; attempt++) {
    await receive(client, download, incomplete);
    const found = await computeDigest(file.digest, incomplete, true);
    if (found === file.digest) break;
    await rm(incomplete, { force: true });
    if (attempt === 2) throw wrongBytesError(file, found);
    note(`${file.name} has wrong bytes (its hash is ${found}, not ${file.digest}): fetching it once more.`);
  }
  await writeToCache(blob, () => rename(incomplete, blob));
  if (file.digest.length === 64) await rememberSha256(blob, file.digest);
}

/** Downloads the whole file to `incomplete`, without checking its hash. */
async function receive(client: HubClient, download: Download, incomplete: string): Promise<void> {
  const { file, commit, onBytes } = download;
  let furthest = 0;
  await client.request(file.name, async (subject) => {
    await using target = await writeToCache(incomplete, () => open(incomplete, READ_WRITE));
    const resumeFrom = await findResumeOffset(target, file.sizeBytes);
    onBytes(resumeFrom);
    if (resumeFrom === file.sizeBytes) return;
    const response = await client.http.send(client.urlOf(commit, file.name), {
      headers: resumeFrom > 0 ? { range: `bytes=${resumeFrom}-` } : {},
    });
    const from = await checkResponse(response, { resumeFrom, file, subject });
    if (from !== resumeFrom) await target.truncate(from);
    const begun = Math.max(furthest, resumeFrom);
    try {
      furthest = await write(response, target, { from, file, onBytes, incomplete });
    } catch (error) {
      const { size } = await stat(incomplete);
      furthest = Math.max(furthest, size);
      const madeProgress = size >= begun + PROGRESS_BYTES;
      throw madeProgress && !(error instanceof PreannotateError)
        ? new TransientError('the connection was closed', { madeProgress, cause: error })
        : error;
    }
  });
}

/** How many bytes of an earlier attempt can be kept. */
async function findResumeOffset(target: FileHandle, sizeBytes: number): Promise<number> {
  const { size } = await target.stat();
  if (size <= sizeBytes) return size;
  await target.truncate(0);
  return 0;
}

/** Checks the status and the range of a response, and returns the offset in the file where its body begins. */
async function checkResponse(
  response: HubResponse,
  { resumeFrom, file, subject }: { resumeFrom: number; file: RemoteFile; subject: RequestSubject },
): Promise<number> {
  const { status, headers } = response;
  const isPage = String(headers['content-type']).startsWith('text/html');
  if (status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(headers['content-range']));
    const [, start, total = ''] = range ?? [];
    if (Number(start) === resumeFrom && [String(file.sizeBytes), '*'].includes(total)) return resumeFrom;
  } else if (status === 200 && !isPage) return 0;
  await response.body.dump();
  if (status === 200) throw webPageError(response, subject);
  if (status === 206 || status === 416)
    throw new TransientError('the server sent a different range of the file than requested');
  throw refusalError(response, subject);
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
      throw new TransientError(`the server sent more than the ${file.sizeBytes} bytes of ${file.name}`);
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
    message: `${name} was received with wrong bytes twice: its hash should be ${digest}, and is ${found}.`,
    hint:
      'A proxy or another device between the hub and this machine may alter files; the download was deleted. ' +
      'Try another network.',
  });
}
