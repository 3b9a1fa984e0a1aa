import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PAGE_HTML } from './html.js';
import { PAGE_STYLE } from './style.js';

/** The modules of `client/`, as the build leaves them beside this file. */
const MODULES = [
  'annotations.js',
  'answers.js',
  'api.js',
  'box-list.js',
  'colours.js',
  'dom.js',
  'image-input.js',
  'key.js',
  'main.js',
  'picture.js',
  'page-error.js',
  'prompt-editor.js',
  'prompt-text.js',
  'result-panel.js',
  'status.js',
];

/** Where the page and all that it loads are. Nothing else is served from files, and no request names one. */
export const PAGE_ROUTES: readonly string[] = ['/', '/page/style.css', ...MODULES.map((name) => `/page/${name}`)];

/** One file of the page. */
export interface PageFile {
  readonly route: string;
  readonly type: string;
  readonly text: string;
  readonly etag: string; // weak, because it may be sent compressed
}

/** @throws Error when the build is incomplete */
export function readPageFiles(): PageFile[] {
  const modules = MODULES.map((name) => {
    const text = readFileSync(new URL(`client/${name}`, import.meta.url), 'utf8');
    return createPageFile(`/page/${name}`, 'text/javascript; charset=utf-8', text);
  });
  return [
    createPageFile('/', 'text/html; charset=utf-8', PAGE_HTML),
    createPageFile('/page/style.css', 'text/css; charset=utf-8', PAGE_STYLE),
    ...modules,
  ];
}

function createPageFile(route: string, type: string, text: string): PageFile {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  return { route, type, text, etag: `W/"${hash}"` };
}
