import { spawn } from 'node:child_process';
import { platform } from 'node:os';

/** What opens a link with the user's browser. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Opens a link, if it can. @param note - Is told why it cannot. */
export function openInBrowser(link: string, note: (message: string) => void): void {
  const [program, ...args] = OPENERS[platform()] ?? ['xdg-open'];
  const failed = (why: string) => note(`No browser could be opened (${program}: ${why}). Open the link yourself.`);
  const child = spawn(program, [...args, link], { stdio: 'ignore', detached: true });
  child.on('error', ({ message }) => failed(message));
  child.on('exit', (code) => {
    if (code !== null && code !== 0) failed(`exit code ${code}`);
  });
  child.unref();
}
