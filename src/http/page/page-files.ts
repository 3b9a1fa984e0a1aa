import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Pages that the build joins into one script and one style sheet each. */
export type PageName = 'serve' | 'gallery';

/** One file of a page. */
export interface PageFile {
  readonly route: string;
  readonly type: string;
  readonly text: string;
  readonly etag: string; // weak, because it may be sent compressed
}

const BUILT = new URL('../../page/', import.meta.url);

/** The script and the style sheet of a page, as text. */
export function readPageParts(name: PageName): { readonly script: string; readonly style: string } {
  const read = (ending: string) => readFileSync(new URL(`${name}.${ending}`, BUILT), 'utf8');
  return { script: read('js'), style: read('css') };
}

/**
 * A page and all that it loads, read once, at the start: no later request reads a file.
 *
 * @param html - Loads `page/<name>.css` and `page/<name>.js`.
 */
export function readPageFiles(name: PageName, html: string): PageFile[] {
  const { script, style } = readPageParts(name);
  return [
    createPageFile('/', 'text/html; charset=utf-8', html),
    createPageFile(`/page/${name}.css`, 'text/css; charset=utf-8', style),
    createPageFile(`/page/${name}.js`, 'text/javascript; charset=utf-8', script),
  ];
}

function createPageFile(route: string, type: string, text: string): PageFile {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  return { route, type, text, etag: `W/"${hash}"` };
}
