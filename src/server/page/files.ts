import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { PAGE_HTML } from './html.js';
import { PAGE_STYLE } from './style.js';

/** The modules of `client/`, as the build leaves them beside this file. */
const CLIENT = new URL('client/', import.meta.url);

/** A module of the server that the page loads, too: it imports nothing. */
const SHARED = new URL('../../core/prompts/canonical-prompt.js', import.meta.url);

/** One file of the page. */
export interface PageFile {
  readonly route: string;
  readonly type: string;
  readonly text: string;
  readonly etag: string; // weak, because it may be sent compressed
}

/** The page and all that it loads, read once, at the start: no later request reads a file. */
export function readPageFiles(): PageFile[] {
  const own = readdirSync(CLIENT).filter((name) => name.endsWith('.js'));
  const modules = [...own.map((name) => new URL(name, CLIENT)), SHARED];
  return [
    createPageFile('/', 'text/html; charset=utf-8', PAGE_HTML),
    createPageFile('/page/style.css', 'text/css; charset=utf-8', PAGE_STYLE),
    ...modules.map((url) => {
      const route = `/page/${basename(url.pathname)}`;
      return createPageFile(route, 'text/javascript; charset=utf-8', readFileSync(url, 'utf8'));
    }),
  ];
}

function createPageFile(route: string, type: string, text: string): PageFile {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  return { route, type, text, etag: `W/"${hash}"` };
}
