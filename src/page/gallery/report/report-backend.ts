import { decodePack, type GalleryPack } from '../../../core/gallery/pack.js';
import { counted, formatCount } from '../../shared/count.js';
import type { Decision } from '../../../core/review/decision.js';
import type { Backend } from '../backend.js';

/**
 * The data of a report, or of an index of previews: all of it is in the page. Small pictures come after the script: the
 * run is shown while they are still being read.
 */
export async function openEmbeddedBackend(page: Document): Promise<Backend> {
  const [pack, decisions, links] = await Promise.all([
    takeData(page, 'pack'),
    takeData(page, 'decisions'),
    takeData(page, 'links'),
  ]);
  if (pack === undefined) throw new Error('This file is not complete: it holds no data of a run.');
  const loaded = decodePack(pack);
  const decided = decisions === undefined ? [] : (parseJson(decisions) as Decision[]);
  const isDrawn = isIndexOfPreviews(page);
  const opened: Backend = {
    load: () => Promise.resolve(loaded),
    ...(links === undefined ? embeddedPictures(page) : linkedPictures(links, loaded)),
    hasDrawnPictures: isDrawn,
    fileNote: isDrawn ? DRAWN_NOTE : '',
    review: {
      author: '',
      readOnly: 'A report cannot be changed.',
      decisions: () => Promise.resolve(decided),
      save: () => Promise.reject(new Error('A report cannot be changed.')),
      subscribe: () => {},
      refresh: () => Promise.resolve({ backend: opened, pack: undefined }),
    },
  };
  if (links !== undefined) return opened;
  return { ...opened, whole: untilRead(page).then(() => ({ ...opened, fileNote: noteOnPictures(page, loaded) })) };
}

type Pictures = Pick<Backend, 'imageUrl' | 'thumbnailUrl'>;

function embeddedPictures(page: Document): Pictures {
  const urlOf = (id: number) => {
    const text = page.getElementById(`t${id}`)?.textContent;
    if (text !== undefined) return `data:image/webp;base64,${text}`;
    return isRead(page) ? '' : undefined;
  };
  return { imageUrl: urlOf, thumbnailUrl: urlOf };
}

function linkedPictures(links: Uint8Array, { facts }: GalleryPack): Pictures {
  const list = parseJson(links) as (string | null)[];
  const byId = new Map(facts.images.ids.map((id, index) => [id, list[index] ?? '']));
  const urlOf = (id: number) => byId.get(id) ?? '';
  return { imageUrl: urlOf, thumbnailUrl: urlOf };
}

function isRead({ readyState }: Document): boolean {
  return readyState !== 'loading';
}

function untilRead(page: Document): Promise<void> {
  if (isRead(page)) return Promise.resolve();
  return new Promise((resolve) => page.addEventListener('DOMContentLoaded', () => resolve(), { once: true }));
}

const DRAWN_NOTE =
  'Boxes are drawn into these pictures, with the thresholds of the run. Others change only counts and filters here.';

/** Whether the pictures have boxes drawn into them. */
function isIndexOfPreviews(page: Document): boolean {
  return page.documentElement.dataset['mode'] === 'previews';
}

/** Says so where not all pictures had room. */
function noteOnPictures(page: Document, { facts }: GalleryPack): string {
  const there = page.querySelectorAll('script[id^="t"]').length;
  const all = facts.images.ids.length;
  if (there === all) return '';
  if (there === 0) return 'This file holds no pictures of the images: boxes are shown without them.';
  return (
    `This file holds the pictures of ${formatCount(there)} of ${counted(all, 'image')}, ` +
    'those that the model is least certain about. Others had no room, or could not be read.'
  );
}

/** Takes what an element holds out of the page: its text is no longer needed then. */
async function takeData(page: Document, id: string): Promise<Uint8Array | undefined> {
  const element = page.getElementById(id);
  if (element === null) return undefined;
  const text = element.textContent;
  element.remove();
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Error('This file is damaged: what it holds of the run cannot be unpacked.');
  }
}

function parseJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}
