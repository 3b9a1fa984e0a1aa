import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../../core/errors.js';
import { writePrivateFile } from '../../../review/private-file.js';

/** What opens an address with the user's browser. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

const FILE = 'review-open.html';

/**
 * Opens a link with a token in the user's browser, if it can. Every user of a machine can read the arguments of
 * programs: the browser gets a file that leads to the link and that only this user can read.
 *
 * @param folder - Of the file. Browsers in a sandbox can read what is in a home folder, and not what is in /tmp.
 * @param note - Is told why the link cannot be opened.
 * @returns The file, which is removed with it.
 */
export async function openInBrowser(
  link: string,
  { folder, note }: { readonly folder: string; readonly note: (message: string) => void },
): Promise<AsyncDisposable> {
  const [program, ...args] = OPENERS[platform()] ?? ['xdg-open'];
  const failed = (why: string) => note(`No browser could be opened (${program}: ${why}). Open the link yourself.`);
  const file = await writeRedirect(link, folder).catch((error: unknown) => {
    failed(messageOf(error));
    return undefined;
  });
  if (file !== undefined) {
    const child = spawn(program, [...args, pathToFileURL(file.path).href], { stdio: 'ignore', detached: true });
    child.on('error', ({ message }) => failed(message));
    child.on('exit', (code) => {
      if (code !== null && code !== 0) failed(`exit code ${code}`);
    });
    child.unref();
  }
  return { [Symbol.asyncDispose]: async () => await file?.remove() };
}

async function writeRedirect(link: string, folder: string): Promise<{ path: string; remove: () => Promise<void> }> {
  const { href } = new URL(link); // has no character that HTML would not take for itself
  const html =
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="referrer" content="no-referrer">' +
    `<meta http-equiv="refresh" content="0; url=${href}"><title>preannotate review</title>` +
    `<p><a href="${href}">Open the review</a></p></html>\n`;
  try {
    const path = join(folder, FILE);
    await writePrivateFile(path, html);
    return { path, remove: () => rm(path, { force: true }) };
  } catch {
    const own = await mkdtemp(join(tmpdir(), 'preannotate-')); // such as beside a run that can only be read
    const path = join(own, FILE);
    await writePrivateFile(path, html);
    return { path, remove: () => rm(own, { recursive: true, force: true }) };
  }
}
