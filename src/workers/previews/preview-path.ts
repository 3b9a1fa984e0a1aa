import { IMAGE_EXTENSIONS } from '../../images/listing/endings.js';

/** Where the preview of an image would go, of which the name is another one's with `.jpg` behind it. */
const APPENDED = new RegExp(`\\.(?:${IMAGE_EXTENSIONS.join('|')}|preview)\\.jpg$`, 'i');

/** A folder that has the name of a picture, as on web servers: it would be in the way of that of an image beside it. */
const LIKE_A_PICTURE = /\.jpg_*$/i;

/**
 * Where the preview of an image is, in the folder of previews: no two images have the same, whatever other images there
 * are. `a.jpg` is called so there as well, and `a.png` is `a.png.jpg`.
 */
export function previewPathOf(name: string): string {
  const parts = name.split('/');
  const file = parts.pop()!;
  const folders = parts.map((part) => (LIKE_A_PICTURE.test(part) ? `${part}_` : part));
  return [...folders, fileOf(file)].join('/');
}

function fileOf(file: string): string {
  if (/\.jpg$/i.test(file)) return APPENDED.test(file) ? `${file}.jpg` : file;
  const isImage = IMAGE_EXTENSIONS.some((extension) => file.toLowerCase().endsWith(`.${extension}`));
  return isImage ? `${file}.jpg` : `${file}.preview.jpg`;
}
