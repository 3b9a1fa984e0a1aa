import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { PAGE_HTML } from './html.js';
import { PAGE_STYLE } from './style.js';

/** The modules of `client/`, as the build leaves them beside this file. */
const CLIENT = new URL('client/', import.meta.url);

/** One file of the page. */
export interface PageFile {
  readonly route: string;
  readonly type: string;
  readonly text: string;
  readonly etag: string; // weak, because it may be sent compressed
}

/** The page and all that it loads, read once, at the start: no later request reads a file. */
export function readPageFiles(): PageFile[] {
  const modules = readdirSync(CLIENT).filter((name) => name.endsWith('.js'));
  return [
    createPageFile('/', 'text/html; charset=utf-8', PAGE_HTML),
    createPageFile('/page/style.css', 'text/css; charset=utf-8', PAGE_STYLE),
    ...modules.map((name) => {
      const text = readFileSync(new URL(name, CLIENT), 'utf8');
      return createPageFile(`/page/${name}`, 'text/javascript; charset=utf-8', text);
    }),
  ];
}

function createPageFile(route: string, type: string, text: string): PageFile {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  return { route, type, text, etag: `W/"${hash}"` };
}
