import { decodePack, type GalleryPack } from '../../../core/gallery/pack.js';
import { counted, formatCount } from '../../shared/count.js';
import type { Decision } from '../../../core/review/decision.js';
import type { Backend } from '../backend.js';

/** The data of a report, or of an index of previews: all of it is in the page. */
export async function openEmbeddedBackend(page: Document): Promise<Backend> {
  const [pack, decisions, links] = await Promise.all([
    takeData(page, 'pack'),
    takeData(page, 'decisions'),
    takeData(page, 'links'),
  ]);
  if (pack === undefined) throw new Error('This file is not complete: it holds no data of a run.');
  const loaded = decodePack(pack);
  const linkOf = readLinks(links, loaded);
  const thumbnailUrl = (id: number) => {
    const text = page.getElementById(`t${id}`)?.textContent;
    return text === undefined ? linkOf(id) : `data:image/webp;base64,${text}`;
  };
  const decided = decisions === undefined ? [] : (parseJson(decisions) as Decision[]);
  return {
    load: () => Promise.resolve(loaded),
    imageUrl: (id) => linkOf(id) || thumbnailUrl(id),
    thumbnailUrl,
    hasDrawnPictures: isIndexOfPreviews(page),
    fileNote: isIndexOfPreviews(page) ? DRAWN_NOTE : links === undefined ? noteOnPictures(page, loaded) : '',
    review: {
      author: '',
      readOnly: 'A report cannot be changed.',
      decisions: () => Promise.resolve(decided),
      save: () => Promise.reject(new Error('A report cannot be changed.')),
      subscribe: () => {},
    },
  };
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

/** @returns Where the picture of an image is; '' where there is none. */
function readLinks(bytes: Uint8Array | undefined, { facts }: GalleryPack): (id: number) => string {
  if (bytes === undefined) return () => '';
  const links = parseJson(bytes) as (string | null)[];
  const byId = new Map(facts.images.ids.map((id, index) => [id, links[index] ?? '']));
  return (id) => byId.get(id) ?? '';
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
