import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { encodePack, type GalleryPack } from '../core/gallery/pack.js';
import type { Decision } from '../core/review/decision.js';
import { readPageParts } from '../http/page/page-files.js';

/** By which a file is recognised as one that may be replaced. It is within the first bytes. */
export const GALLERY_FILE_MARK = '<meta name="generator" content="preannotate">';

/** What is in the file. */
export interface GalleryFile {
  readonly mode: 'report' | 'previews';
  readonly pack: GalleryPack;
  readonly decisions?: readonly Decision[];
  /** Relative addresses of the pictures of all images, in their order; null: there is none. */
  readonly links?: readonly (string | null)[];
  readonly embedded?: EmbeddedPictures;
}

/** Small pictures that are in the file, as many as have room. */
interface EmbeddedPictures {
  readonly thumbnails: AsyncIterable<readonly [id: number, webp: Uint8Array]>; // with the ids of their images
  readonly maxBytes: number; // of the file
  readonly onEmbedded: () => void; // for each
}

/**
 * The gallery as one HTML file that needs neither a server nor a network: script, style and data are in it, and a
 * policy in it forbids all else. The same input gives the same bytes. All data is in base64, so that no name can end an
 * element early.
 */
export async function* toGalleryFile(gallery: GalleryFile): AsyncGenerator<string> {
  let bytes = END.length;
  const { maxBytes = 0, thumbnails, onEmbedded } = gallery.embedded ?? {};
  for (const part of toHead(gallery)) {
    bytes += Buffer.byteLength(part);
    yield part;
  }
  for await (const [id, webp] of thumbnails ?? []) {
    const element = `<script type="text/plain" id="t${id}">${Buffer.from(webp).toString('base64')}</script>\n`;
    bytes += element.length;
    if (bytes > maxBytes) break;
    onEmbedded?.();
    yield element;
  }
  yield END;
}

const END = '</body>\n</html>\n';

/**
 * What comes before the thumbnails: all that is needed to show the run. The script is `async`, or it would wait for the
 * end of the file, which may be 50 MB away.
 */
function* toHead(gallery: GalleryFile): Generator<string> {
  const { script, style } = readPageParts('gallery');
  const code = script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(code)}'`,
    `style-src '${hashOf(style)}'`,
    gallery.links === undefined ? 'img-src data: blob:' : "img-src data: blob: 'self' file:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const title = escapeText(gallery.pack.facts.title);
  yield `<!doctype html>
<html lang="en" data-mode="${gallery.mode}">
<head>
<meta charset="utf-8">
${GALLERY_FILE_MARK}
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – preannotate</title>
<style>${style}</style>
</head>
<body>
<div id="app"><p class="loading" role="status">Reading ${title}…</p></div>
<noscript><p class="problem">This page needs JavaScript.</p></noscript>
`;
  const { pack, decisions, links } = gallery;
  yield* toDataElement('pack', encodePack(pack));
  if (decisions !== undefined) yield* toDataElement('decisions', toJsonBytes(decisions));
  if (links !== undefined) yield* toDataElement('links', toJsonBytes(links));
  yield `<script type="module" async>${code}</script>\n`;
}

const BASE64_BLOCK = 3 * 2 ** 18; // bytes that become whole characters

function* toDataElement(id: string, bytes: Uint8Array): Generator<string> {
  const packed = gzipSync(bytes, { level: 9 });
  packed[9] = 255; // the system that packed it: not known
  yield `<script type="text/plain" id="${id}">`;
  for (let at = 0; at < packed.length; at += BASE64_BLOCK) {
    yield packed.subarray(at, at + BASE64_BLOCK).toString('base64');
  }
  yield '</script>\n';
}

/** Lone surrogates are escaped in it. */
function toJsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
