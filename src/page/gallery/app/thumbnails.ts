import { backend, pack } from './state.js';

/** What became of thumbnails, by number and bytes of the image: an image that was not seen is not accepted. */
const settled = new Map<string, 'shown' | 'broken'>();

export function noteThumbnail(image: number, became: 'shown' | 'broken'): void {
  settled.set(pictureKey(image), became);
}

/** Why an image cannot be judged in the grid; undefined: its thumbnail is or was there, or there are none. */
export function whyUnseen(image: number): string | undefined {
  if (backend.value?.thumbnailUrl(pack.value!.facts.images.ids[image]!, 160) === '') return undefined;
  const became = settled.get(pictureKey(image));
  if (became === 'shown') return undefined;
  if (became === 'broken') return 'The picture cannot be shown: open the image for the reason.';
  return 'The picture is still loading: accept it once you have seen it.';
}

/** The picture of an image: another one where a later run has seen other bytes. */
export function pictureKey(image: number): string {
  const { ids, digests } = pack.value!.facts.images;
  return `${ids[image]} ${digests?.[image] ?? ''}`;
}
